import DeploymentDocument
import Foundation
import GlobalPlatform
import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

@Suite struct DemoTests {
    @Test func ticketServiceBecomesADeploymentDocument() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        #expect(demo.elf.aid == "f054534d530101" && demo.elf.type == "CAP" && demo.elf.packageVersion == "1.0")
        #expect(demo.elf.technicalRequirements == TechnicalRequirements(javaCardVersion: "3.0.4", gpApiVersion: "1.6"))
        #expect(!demo.elf.packageName.isEmpty && demo.elf.importedPackages.contains("a0000000620101"))
        #expect(demo.module.aid == "f054534d53010101" && demo.module.elfId == demo.elf.id)
        #expect(demo.config.installConfig.applicationSpecificInstallParameter == "0f020102")
        #expect(demo.service.sdAid == "f054534d53d000000001")

        #expect(try await demo.createVersion(on: plane.profile304).status == 200)
        let path = "/internal/v1/services/\(demo.service.id)/versions/1.0.0/profiles/\(plane.profile304.id)"
        #expect(try await plane.callInternal(path).status == 404)
        let published: Flavor = try await demo.publish().decode()
        #expect(published.published)

        let document: DeploymentDocument = try await plane.callInternal(path).decode()
        #expect(document.service.id == demo.service.id && document.service.serviceProviderId == plane.first.id)
        #expect(document.service.securityDomain.description == "f054534d53d000000001")
        #expect(document.service.accessAuthorizedDeviceApps == [String(repeating: "ab", count: 32)])
        #expect(document.service.versions == [VersionSummary(tag: "1.0.0", flavorByProfile: [plane.profile304.id: demo.flavor.id])])
        #expect(document.spParameters == ["a": "service", "b": "flavor"])
        #expect(document.keyProvisioning == KeyProvisioning(mode: 1, keyIndex: "master-1"))
        #expect(document.profile.name == plane.profile304.name)
        let file = try #require(document.loadFiles.first)
        #expect(document.loadFiles.count == 1 && file.packageAid.description == demo.elf.aid && file.moduleAids.map(\.description) == [demo.module.aid])
        let application = try #require(document.applications.first)
        #expect(document.applications.count == 1 && application.instanceAid.description == "f054534d5301010101")
        #expect(application.privileges == HexBytes([0x00, 0x01, 0x00]) && application.applicationSpecificInstallParameter.description == "0f020102")
        #expect(application.makeSelectable && application.accessibleViaApdu && !application.accessibleViaNfc)
        #expect(application.provideAttestationToken && application.includeSecurityDomainDiversificationData && application.personalizationScript == nil)

        let block = try await plane.callInternal("/internal/v1/binaries/\(file.sha256)")
        let cap = try CAPFile(try Applets.archive("ticket-1.0-jc304.cap"))
        #expect(block.body == cap.loadFileDataBlock && block.body.count == file.size)
        let binary = try await plane.call(.get, "/executable-load-files/\(demo.elf.id)/binary")
        #expect(binary.body == (try Applets.archive("ticket-1.0-jc304.cap")))
        #expect(binary.headers[.contentDisposition] == "attachment; filename=\"ticket-1.0-jc304.cap\"")
    }

    @Test func capFor310IsRefusedOnOlderProfiles() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane, cap: "ticket-1.1-jc310.cap")
        let refused = try await demo.createVersion(on: plane.profile304)
        #expect(refused.status == 400 && refused.category == 1016)
        #expect(try await demo.createVersion(on: plane.profile310).status == 200)
        let moved = try await plane.call(.post, "/services/\(demo.service.id)/versions/1.0.0/flavors", json: #"{"\#(demo.flavor.id)": ["\#(plane.profile304.id)"]}"#)
        #expect(moved.category == 1016)
        let csp = try await plane.call(.put, "/services/\(demo.service.id)/flavors/\(demo.flavor.id)", json: #"{"featureConfig": {"useCspFull": true}}"#)
        #expect(csp.category == 1016)
    }

    @Test func linkingANewerLoadFileIsCheckedAgainstTheVersions() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        _ = try await demo.createVersion(on: plane.profile304)
        let newer: CAP = try await plane.upload(.post, "/executable-load-files", [.file("elfFile", try Applets.archive("ticket-1.1-jc310.cap"))]).decode()
        let answer = try await plane.call(.post, "/services/\(demo.service.id)/flavors/\(demo.flavor.id)/executable-load-files", json: #"["\#(newer.id)"]"#)
        #expect(answer.category == 1016)
        let flavor: Flavor = try await plane.call(.get, "/services/\(demo.service.id)/flavors/\(demo.flavor.id)").decode()
        #expect(flavor.executableLoadFileIds == [demo.elf.id])
        let replaced = try await plane.upload(.put, "/executable-load-files/\(demo.elf.id)", [.file("elfFile", try Applets.archive("ticket-1.1-jc310.cap"))])
        #expect(replaced.category == 1016)
        let elf: CAP = try await plane.call(.get, "/executable-load-files/\(demo.elf.id)").decode()
        #expect(elf == demo.elf)
    }

    @Test func publishedIsFixed() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        _ = try await demo.publish()
        let flavor = "/services/\(demo.service.id)/flavors/\(demo.flavor.id)"
        #expect(try await plane.call(.put, flavor, json: #"{"executableLoadFileIds": []}"#).category == 1015)
        #expect(try await plane.call(.put, flavor, json: #"{"applicationInstantiationConfigs": []}"#).category == 1015)
        #expect(try await plane.call(.put, flavor, json: #"{"published": false}"#).category == 1005)
        #expect(try await plane.call(.put, flavor + "/executable-load-files", json: #"["\#(demo.elf.id)"]"#).category == 1015)
        #expect(try await plane.call(.post, flavor + "/executable-load-files", json: #"["\#(demo.elf.id)"]"#).status == 200)
        #expect(try await plane.call(.put, flavor, json: #"{"name": "other", "executableLoadFileIds": ["\#(demo.elf.id)"]}"#).status == 200)
        #expect(try await demo.publish().status == 200)

        let config = "/application-configs/\(demo.config.id)"
        #expect(try await plane.call(.put, config, json: #"{"instanceAid": "F054534D5301010102"}"#).category == 1015)
        #expect(try await plane.call(.put, config, json: #"{"instanceAid": "f054534d5301010101", "name": "new"}"#).status == 200)
        #expect(try await plane.call(.put, config, json: #"{"instanceAid": "F054534D5301010101", "activationConfig": {"accessibleViaNfc": true}}"#).category == 1015)

        let newer = try Applets.archive("ticket-1.1-jc304.cap")
        #expect(try await plane.upload(.put, "/executable-load-files/\(demo.elf.id)", [.file("elfFile", newer)]).category == 1015)
        let renamed: CAP = try await plane.upload(.put, "/executable-load-files/\(demo.elf.id)", [.text("elfFilename", "new.cap")]).decode()
        #expect(renamed.fileName == "new.cap" && renamed.uploadDate == demo.elf.uploadDate)
    }

    @Test func replacedBinaryKeepsModuleIds() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        plane.advance(1)
        let elf: CAP = try await plane.upload(.put, "/executable-load-files/\(demo.elf.id)", [.file("elfFile", try Applets.archive("ticket-1.1-jc304.cap"))]).decode()
        #expect(elf.packageVersion == "1.1" && elf.creationDate == demo.elf.creationDate && elf.uploadDate > demo.elf.uploadDate)
        let modules: [ExecutableModule] = try await plane.call(.get, "/executable-load-files/\(demo.elf.id)/executable-modules/").decode()
        #expect(modules == [demo.module])
        let other = try await plane.upload(.put, "/executable-load-files/\(demo.elf.id)", [.file("elfFile", try Applets.archive("store-1.0-jc304.cap"))])
        #expect(other.category == 1002)
    }

    @Test func whatIsUsedCannotBeDeleted() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        _ = try await demo.createVersion(on: plane.profile304)
        let flavor = "/services/\(demo.service.id)/flavors/\(demo.flavor.id)"
        for path in [flavor, "/executable-load-files/\(demo.elf.id)", "/application-configs/\(demo.config.id)"] {
            let answer = try await plane.call(.delete, path)
            #expect(answer.status == 400 && answer.category == 1010, "\(path)")
        }
        #expect(try await plane.call(.put, "/services/\(demo.service.id)/versions/1.0.0/flavors", json: #"["\#(demo.flavor.id)"]"#).status == 200)
        let version: Version = try await plane.call(.get, "/services/\(demo.service.id)/versions/1.0.0").decode()
        #expect(version.allowedDeployments.isEmpty)
        for path in [flavor, "/executable-load-files/\(demo.elf.id)", "/application-configs/\(demo.config.id)", "/services/\(demo.service.id)/versions/1.0.0", "/services/\(demo.service.id)"] {
            let answer = try await plane.call(.delete, path)
            #expect(answer.status == 204 && answer.body.isEmpty, "\(path)")
            #expect(try await plane.call(.get, path).category == 1009, "\(path)")
        }
    }

    @Test func serviceIsDeletedWithWhatIsBelowIt() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        _ = try await demo.createVersion(on: plane.profile304)
        _ = try await demo.publish()
        let before = try await plane.plane.internal.revisions(after: 0).current
        #expect(try await plane.call(.delete, "/services/\(demo.service.id)").status == 204)
        #expect(try await plane.call(.get, "/executable-load-files/\(demo.elf.id)").status == 200)
        #expect(try await plane.call(.get, "/application-configs/\(demo.config.id)").status == 200)
        let feed: RevisionFeed = try await plane.callInternal("/internal/v1/revisions?after=\(before)").decode()
        #expect(feed.current == before + 1)
        #expect(feed.entries.map(\.change).contains(.flavorDeleted(serviceId: demo.service.id, flavorId: demo.flavor.id)))
        #expect(feed.entries.map(\.change).contains(.serviceDeleted(serviceId: demo.service.id)))
        // The block stays: pinned documents name it.
        let cap = try CAPFile(try Applets.archive("ticket-1.0-jc304.cap"))
        #expect(try await plane.call(.delete, "/executable-load-files/\(demo.elf.id)").status == 204)
        #expect(try await plane.callInternal("/internal/v1/binaries/\(Hex.encode(cap.loadFileDataBlockHash))").body == cap.loadFileDataBlock)
    }

    @Test func publishAndModifyAtTheSameTimeNeverBothWin() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        for round in 0..<20 {
            let made: Flavor = try await plane.call(.post, "/services/\(demo.service.id)/flavors", json: #"{"executableLoadFileIds": ["\#(demo.elf.id)"]}"#).decode()
            let path = "/services/\(demo.service.id)/flavors/\(made.id)"
            async let publishing = plane.call(.post, path + "/publish")
            async let modifying = plane.call(.put, path, json: #"{"executableLoadFileIds": []}"#)
            let (published, modified) = (try await publishing, try await modifying)
            #expect(published.status == 200, "round \(round)")
            let atPublication: Flavor = try published.decode()
            let now: Flavor = try await plane.call(.get, path).decode()
            // Whoever came first: what was published is what is there now.
            #expect(now == atPublication, "round \(round)")
            #expect((modified.status == 200) == now.executableLoadFileIds.isEmpty)
            #expect(modified.status == 200 || modified.category == 1015)
        }
    }

    /// Ascending priority, and the configuration's order where priorities are equal (TR-03165 4.1.4.7).
    @Test func instancesAreMadeInAscendingPriority() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        var configs: [String: String] = [:]
        for name in ["a", "b", "c", "d"] {
            let made: ApplicationConfig = try await plane.call(.post, "/application-configs", json: #"{"name": "\#(name)", "instanceAid": "F054534D530101020\#(name)"}"#).decode()
            configs[name] = made.id
        }
        let entries = [("a", "200"), ("b", nil), ("c", "1"), ("d", "200")].map { name, priority in
            #"{"executableModuleId": "\#(demo.module.id)", "applicationConfigId": "\#(configs[name] ?? "")"\#(priority.map { ", \"priority\": \($0)" } ?? "")}"#
        }
        let flavor: Flavor = try await plane.call(.post, "/services/\(demo.service.id)/flavors", json: """
            {"executableLoadFileIds": ["\(demo.elf.id)"], "applicationInstantiationConfigs": [\(entries.joined(separator: ", "))]}
            """).decode()
        #expect(flavor.applicationInstantiationConfigs.map(\.priority) == [200, 255, 1, 200])
        #expect(try await plane.call(.post, "/services/\(demo.service.id)/flavors/\(flavor.id)/publish").status == 200)
        #expect(try await plane.call(.post, "/services/\(demo.service.id)/versions", json: #"{"tag": "1.0.0", "allowedDeployments": {"\#(flavor.id)": ["\#(plane.profile304.id)"]}}"#).status == 200)
        let document = try await plane.plane.internal.deployment(service: demo.service.id, tag: "1.0.0", profile: plane.profile304.id)
        #expect(document.applications.map(\.applicationConfigId) == ["c", "a", "d", "b"].map { configs[$0] ?? "" })
    }

    @Test func theDocumentSaysWhereResultsGo() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        #expect(try await plane.plane.internal.service(demo.service.id)?.spos == nil)
        let authority = try Plane.authority()
        let pem: TrustedServiceModel.Certificate = try await plane.upload(.post, "/certificates", [.file("certFile", Array(authority.certificatePEM.utf8))]).decode()
        let spos: SposConfig = try await plane.call(.post, "/spos-configs", json: #"{"url": "https://sp.example/spos", "certificateId": "\#(pem.id)"}"#).decode()
        #expect(try await plane.call(.put, "/services/\(demo.service.id)", json: #"{"name": "Ticket", "sposConfigId": "\#(spos.id)"}"#).status == 200)
        #expect(try await plane.plane.internal.service(demo.service.id)?.spos == SposDocument(sposConfigId: spos.id, url: "https://sp.example/spos", certificatePEM: authority.certificatePEM))
        // A change of the SPOS, or of its certificate, is one of the Service.
        var revision = try await plane.plane.internal.revisions(after: 0).current
        #expect(try await plane.call(.put, "/spos-configs/\(spos.id)", json: #"{"url": "https://sp.example/other", "certificateId": "\#(pem.id)"}"#).status == 200)
        #expect(try await plane.plane.internal.revisions(after: revision).entries.map(\.change) == [.serviceChanged(serviceId: demo.service.id)])
        revision = try await plane.plane.internal.revisions(after: 0).current
        let base64 = authority.certificatePEM.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
        let der = Array(try #require(Data(base64Encoded: base64)))
        #expect(try await plane.upload(.put, "/certificates/\(pem.id)", [.file("certFile", der)]).status == 200)
        #expect(try await plane.plane.internal.revisions(after: revision).entries.map(\.change) == [.serviceChanged(serviceId: demo.service.id)])
        let document = try #require(try await plane.plane.internal.service(demo.service.id)?.spos)
        #expect(document.url == "https://sp.example/other")
        #expect(document.certificatePEM.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined() == base64)
    }
}
