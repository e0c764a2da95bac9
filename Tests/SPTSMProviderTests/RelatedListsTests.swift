import Foundation
import HTTPTypes
import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

@Suite struct RelatedListsTests {
    private struct Identified: Decodable { let id: String?; let tag: String? }

    private func ids(_ plane: Plane, _ path: String) async throws -> [String] {
        let answer = try await plane.call(.get, path)
        #expect(answer.status == 200, "\(path) \(answer.category)")
        return try answer.decode([Identified].self).map { $0.tag ?? $0.id ?? "" }
    }

    @Test func everyRelationIsFoundFromBothEnds() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        _ = try await demo.createVersion(on: plane.profile304)
        let authority = try Plane.authority().certificatePEM
        let certificate: TrustedServiceModel.Certificate = try await plane.upload(.post, "/certificates", [.file("certFile", Array(authority.utf8), fileName: "ca.pem")]).decode()
        let script: PersonalizationScript = try await plane.upload(.post, "/personalization-scripts", [.file("scriptFile", Array("# 00A40400".utf8), fileName: "s.pers")]).decode()
        let spos: SposConfig = try await plane.call(.post, "/spos-configs", json: #"{"url": "https://sp.example/spos", "certificateId": "\#(certificate.id)"}"#).decode()
        #expect(try await plane.call(.put, "/services/\(demo.service.id)", json: #"{"name": "Ticket", "sposConfigId": "\#(spos.id)"}"#).status == 200)
        let config = try await plane.call(.put, "/application-configs/\(demo.config.id)", json: """
            {"instanceAid": "F054534D5301010101", "personalizationConfig": {"personalizationScriptId": "\(script.id)", "certificateId": "\(certificate.id)"}}
            """)
        #expect(config.status == 200)
        #expect(try config.decode(ApplicationConfig.self).personalizationConfig.provideAttestationToken)

        let (service, flavor, elf, profile) = (demo.service.id, demo.flavor.id, demo.elf.id, plane.profile304.id)
        let expected: [String: [String]] = [
            "/secure-component-profiles/\(profile)/elfs": [elf],
            "/secure-component-profiles/\(profile)/services": [service],
            "/secure-component-profiles/\(profile)/services/\(service)/flavors": [flavor],
            "/secure-component-profiles/\(profile)/services/\(service)/versions": ["1.0.0"],
            "/secure-component-profiles/\(plane.profile310.id)/services": [],
            "/services/\(service)/flavors/\(flavor)/application-configs": [demo.config.id],
            "/services/\(service)/flavors/\(flavor)/executable-load-files": [elf],
            "/services/\(service)/flavors/\(flavor)/versions": ["1.0.0"],
            "/services/\(service)/versions/1.0.0/flavors": [flavor],
            "/services/\(service)/versions/1.0.0/flavors/\(flavor)/secure-component-profiles/": [profile],
            "/services/\(service)/versions/1.0.0/secure-component-profiles": [profile],
            "/executable-load-files/\(elf)/executable-modules/\(demo.module.id)/application-configs": [demo.config.id],
            "/executable-load-files/\(elf)/services": [service],
            "/executable-load-files/\(elf)/services/\(service)/flavors": [flavor],
            "/executable-load-files/\(elf)/services/\(service)/versions": ["1.0.0"],
            "/executable-load-files/\(elf)/services/\(service)/secure-component-profiles": [profile],
            "/application-configs/\(demo.config.id)/executable-modules": [demo.module.id],
            "/application-configs/\(demo.config.id)/exectable-modules": [demo.module.id],
            "/application-configs/\(demo.config.id)/flavors": [flavor],
            "/application-configs/\(demo.config.id)/services": [service],
            "/personalization-scripts/\(script.id)/application-configs": [demo.config.id],
            "/personalization-scripts/\(script.id)/flavors": [flavor],
            "/personalization-scripts/\(script.id)/services": [service],
            "/certificates/\(certificate.id)/application-configs": [demo.config.id],
            "/certificates/\(certificate.id)/flavors": [flavor],
            "/certificates/\(certificate.id)/services": [service],
            "/certificates/\(certificate.id)/spos-configs": [spos.id],
            "/spos-configs/\(spos.id)/services": [service],
            "/services": [service], "/services/\(service)/flavors": [flavor], "/services/\(service)/versions": ["1.0.0"], "/executable-load-files": [elf],
            "/application-configs": [demo.config.id], "/personalization-scripts": [script.id], "/certificates": [certificate.id], "/spos-configs": [spos.id],
            "/secure-component-profiles": [profile, plane.profile310.id],
        ]
        for (path, ids) in expected { #expect(try await self.ids(plane, path) == ids, "\(path)") }

        for path in ["/personalization-scripts/\(script.id)", "/certificates/\(certificate.id)", "/spos-configs/\(spos.id)"] {
            #expect(try await plane.call(.delete, path).category == 1010, "\(path)")
        }
        #expect(try await plane.call(.get, "/certificates/\(certificate.id)/binary").body == Array(authority.utf8))
        #expect(try await plane.call(.get, "/personalization-scripts/\(script.id)/binary").body == Array("# 00A40400".utf8))
        #expect(try await demo.publish().status == 200)
        let document = try await plane.plane.internal.deployment(service: service, tag: "1.0.0", profile: profile)
        #expect(document.applications.first?.personalizationScript == "# 00A40400")
    }

    /// Every operation on something that exists, called by another provider, answers as if it did not exist.
    /// Link, unlink and publish say what is to be; saying it again, or of what is so already, is no error and changes nothing.
    @Test func linkingCanBeRepeated() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        let other: CAP = try await plane.upload(.post, "/executable-load-files", [.file("elfFile", try Applets.archive("bulk-1.0-jc304.cap"))]).decode()
        #expect(try await demo.createVersion(on: plane.profile304).status == 200)
        let flavor = "/services/\(demo.service.id)/flavors/\(demo.flavor.id)", version = "/services/\(demo.service.id)/versions/1.0.0"
        let (a, b) = (plane.profile304.id, plane.profile310.id)
        for (method, path, body) in [
            (HTTPRequest.Method.post, flavor + "/executable-load-files", #"["\#(other.id)", "\#(demo.elf.id)"]"#), (.put, flavor + "/executable-load-files", #"["\#(other.id)"]"#),
            (.post, version + "/flavors", #"{"\#(demo.flavor.id)": ["\#(a)", "\#(b)"]}"#), (.put, version + "/secure-component-profiles", #"["\#(b)"]"#),
            (.post, version + "/secure-component-profiles", #"{"\#(b)": "\#(demo.flavor.id)"}"#), (.put, version + "/flavors", #"["\#(demo.flavor.id)"]"#),
            (.post, flavor + "/publish", ""),
        ] {
            let answers = [try await plane.call(method, path, json: body.isEmpty ? nil : body), try await plane.call(method, path, json: body.isEmpty ? nil : body)]
            #expect(answers.map(\.status) == [200, 200], "\(method) \(path): \(String(decoding: answers[1].body, as: UTF8.self))")
            #expect(try answers[0].json == answers[1].json, "\(method) \(path)")
        }
        let left: Flavor = try await plane.call(.get, flavor).decode()
        #expect(left.published && left.executableLoadFileIds == [demo.elf.id])
        #expect(try await plane.call(.get, version).decode(Version.self).allowedDeployments.isEmpty)
    }

    @Test func foreignThingsDoNotExist() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        _ = try await demo.createVersion(on: plane.profile304)
        let certificate: TrustedServiceModel.Certificate = try await plane.upload(.post, "/certificates", [.file("certFile", Array(try Plane.authority().certificatePEM.utf8))]).decode()
        let script: PersonalizationScript = try await plane.upload(.post, "/personalization-scripts", [.file("scriptFile", [0x23])]).decode()
        let spos: SposConfig = try await plane.call(.post, "/spos-configs", json: #"{"url": "https://sp.example/spos", "certificateId": "\#(certificate.id)"}"#).decode()
        let values = ["scpId": plane.profile304.id, "serviceId": demo.service.id, "flavorId": demo.flavor.id, "tag": "1.0.0", "elfId": demo.elf.id, "emId": demo.module.id,
                      "applicationConfigId": demo.config.id, "personalizationScriptId": script.id, "certificateId": certificate.id, "sposConfigId": spos.id]
        for operation in OperationTable.all {
            let names = operation.paths[0].segments.compactMap { if case .parameter(let name) = $0 { name } else { nil } }
            guard !names.isEmpty, names != ["scpId"] else { continue }
            let path = names.reduce(operation.paths[0].description) { $0.replacingOccurrences(of: "{\($1)}", with: values[$1] ?? "?") }
            let method = try #require(HTTPRequest.Method(operation.method.rawValue))
            let answer: Plane.Answer
            switch operation.body {
            case .none: answer = try await plane.call(method, path, as: plane.second)
            // Of each kind the shape that is right for the operation, so that nothing but the owner can be wrong.
            case .json:
                let body = operation.id.hasPrefix("unlink") || operation.id == "linkElfs" ? "[]" : "{}"
                answer = try await plane.call(method, path, json: body, as: plane.second)
            case .upload(let kind): answer = try await plane.upload(method, path, [.file(kind.filePart, [1])], as: plane.second)
            }
            // A profile is everybody's: what is related to it is empty for the other provider, not an error.
            if ["listScpRelatedElfs", "listScpRelatedServices"].contains(operation.id) {
                #expect(try answer.json == .array([]), "\(operation.id)")
            } else {
                #expect(answer.status == 400 && answer.category == 1009, "\(operation.id) \(path): \(answer.status) \(answer.category)")
            }
        }
        // Nor in bodies.
        let service: TrustedServiceModel.Service = try await plane.call(.post, "/services", json: #"{"name": "Other"}"#, as: plane.second).decode()
        #expect(service.sdAid == "f054534d54d000000001")
        for body in [#"{"executableLoadFileIds": ["\#(demo.elf.id)"]}"#,
                     #"{"applicationInstantiationConfigs": [{"executableModuleId": "\#(demo.module.id)", "applicationConfigId": "\#(demo.config.id)"}]}"#] {
            #expect(try await plane.call(.post, "/services/\(service.id)/flavors", json: body, as: plane.second).category == 1009)
        }
        #expect(try await plane.call(.post, "/services/\(service.id)/versions", json: #"{"tag": "1.0.0", "allowedDeployments": {"\#(demo.flavor.id)": []}}"#, as: plane.second).category == 1009)
        #expect(try await plane.call(.post, "/services", json: #"{"name": "x", "sposConfigId": "\#(spos.id)"}"#, as: plane.second).category == 1009)
        #expect(try await plane.call(.get, "/services", as: plane.second).decode([TrustedServiceModel.Service].self) == [service])
        #expect(try await plane.call(.get, "/services/\(demo.service.id)").decode(TrustedServiceModel.Service.self) == demo.service)
    }

    @Test func profilesAndFlavorsAreLinkedOneToMany() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        _ = try await demo.createVersion(on: plane.profile304)
        let other: Flavor = try await plane.call(.post, "/services/\(demo.service.id)/flavors", json: "{}").decode()
        let version = "/services/\(demo.service.id)/versions/1.0.0"
        let (a, b) = (plane.profile304.id, plane.profile310.id)
        // A profile that another Flavor of the Version has.
        #expect(try await plane.call(.post, version + "/flavors", json: #"{"\#(other.id)": ["\#(a)"]}"#).category == 1008)
        var linked: Version = try await plane.call(.post, version + "/flavors", json: #"{"\#(other.id)": ["\#(b)"]}"#).decode()
        #expect(linked.allowedDeployments == [demo.flavor.id: [a], other.id: [b]])
        // Moving.
        linked = try await plane.call(.post, version + "/secure-component-profiles", json: #"{"\#(b)": "\#(demo.flavor.id)"}"#).decode()
        #expect(linked.allowedDeployments == [demo.flavor.id: [a, b], other.id: []])
        linked = try await plane.call(.put, version + "/secure-component-profiles", json: #"["\#(a)"]"#).decode()
        #expect(linked.allowedDeployments == [demo.flavor.id: [b], other.id: []])
        #expect(try await plane.call(.put, version + "/secure-component-profiles", json: #"["nobody"]"#).category == 1009)
        #expect(try await plane.call(.put, version + "/flavors", json: #"["nobody"]"#).category == 1009)
        #expect(try await plane.call(.put, version + "/flavors", json: #"{"a": 1}"#).category == 1008)
        #expect(try await plane.call(.post, version + "/flavors", json: #"{"\#(other.id)": ["nobody"]}"#).category == 1009)
        let twice = #"{"tag": "1.0.0", "allowedDeployments": {"\#(other.id)": ["\#(a)", "\#(a)"]}}"#
        #expect(try await plane.call(.put, version, json: twice).category == 1008)
        #expect(try await plane.call(.get, version).decode(Version.self) == linked)
    }

    @Test func versionTagsAreUniqueByNumber() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        #expect(try await demo.createVersion("1.0.0", on: plane.profile304).status == 200)
        #expect(try await demo.createVersion("1.0.0", on: plane.profile304).category == 1002)
        #expect(try await demo.createVersion("1.00.0", on: plane.profile304).category == 1002)
        #expect(try await demo.createVersion("12345", on: plane.profile304).category == 1008)
        let path = "/services/\(demo.service.id)/versions/1.0.0"
        #expect(try await plane.call(.put, path, json: #"{"allowedDeployments": {}}"#).category == 1006)
        #expect(try await plane.call(.put, path, json: #"{"tag": "1.0.1", "allowedDeployments": {}}"#).category == 1005)
        #expect(try await plane.call(.put, path, json: #"{"tag": "1.0.0", "allowedDeployments": {}}"#).status == 200)
        #expect(try await plane.call(.get, "/services/\(demo.service.id)/versions/9.9.9").category == 1009)
    }

    /// TR-03165 3.3.1.2: the check runs whenever `allowedDeployments` changes, by whichever method.
    @Test func everyChangeOfDeploymentsIsChecked() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane, cap: "ticket-1.1-jc310.cap")
        let (older, newer) = (plane.profile304.id, plane.profile310.id)
        let version = "/services/\(demo.service.id)/versions"
        func category(_ method: HTTPRequest.Method, _ path: String, _ json: String) async throws -> Int { try await plane.call(method, path, json: json).category }
        #expect(try await category(.post, version, #"{"tag": "1.0.0", "allowedDeployments": {"\#(demo.flavor.id)": ["\#(older)"]}}"#) == 1016)
        #expect(try await demo.createVersion(on: plane.profile310).status == 200)
        #expect(try await category(.put, version + "/1.0.0", #"{"tag": "1.0.0", "allowedDeployments": {"\#(demo.flavor.id)": ["\#(newer)", "\#(older)"]}}"#) == 1016)
        #expect(try await category(.post, version + "/1.0.0/flavors", #"{"\#(demo.flavor.id)": ["\#(older)"]}"#) == 1016)
        #expect(try await category(.post, version + "/1.0.0/secure-component-profiles", #"{"\#(older)": "\#(demo.flavor.id)"}"#) == 1016)
        #expect(try await plane.call(.get, version + "/1.0.0").decode(Version.self).allowedDeployments == [demo.flavor.id: [newer]])
    }

    @Test func aProfileIsListedOnceHoweverManyFlavorsLeadToIt() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        let other: Flavor = try await plane.call(.post, "/services/\(demo.service.id)/flavors", json: #"{"executableLoadFileIds": ["\#(demo.elf.id)"]}"#).decode()
        for (tag, flavor) in [("1.0.0", demo.flavor.id), ("1.1.0", other.id), ("1.2.0", demo.flavor.id)] {
            #expect(try await plane.call(.post, "/services/\(demo.service.id)/versions", json: #"{"tag": "\#(tag)", "allowedDeployments": {"\#(flavor)": ["\#(plane.profile304.id)"]}}"#).status == 200)
        }
        let profile = plane.profile304.id
        #expect(try await ids(plane, "/executable-load-files/\(demo.elf.id)/services/\(demo.service.id)/secure-component-profiles") == [profile])
        #expect(try await ids(plane, "/executable-load-files/\(demo.elf.id)/services") == [demo.service.id])
        #expect(try await ids(plane, "/secure-component-profiles/\(profile)/elfs") == [demo.elf.id])
        #expect(try await ids(plane, "/secure-component-profiles/\(profile)/services") == [demo.service.id])
        #expect(try await ids(plane, "/secure-component-profiles/\(profile)/services/\(demo.service.id)/flavors") == [demo.flavor.id, other.id])
    }
}
