import Foundation
import HTTPTypes
import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

/// Service providers beside each other: paths in `RelatedListsTests.foreignThingsDoNotExist`, what bodies name and what lists show here.
@Suite struct TenancyTests {
    @Test func foreignIdsInBodiesDoNotExist() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        let pem = Array(try Plane.authority().certificatePEM.utf8)
        func upload<Entity: Decodable>(_ path: String, _ part: Part, _ provider: OperatorAPI.ServiceProviderRecord) async throws -> Entity { try await plane.upload(.post, path, [part], as: provider).decode() }
        let certificate: TrustedServiceModel.Certificate = try await upload("/certificates", .file("certFile", pem), plane.first)
        let script: PersonalizationScript = try await upload("/personalization-scripts", .file("scriptFile", [0x23]), plane.first)
        let spos: SposConfig = try await plane.call(.post, "/spos-configs", json: #"{"url": "https://sp.example/spos", "certificateId": "\#(certificate.id)"}"#).decode()
        // The other provider's own things, into which it tries to take what is not its own.
        let ownCertificate: TrustedServiceModel.Certificate = try await upload("/certificates", .file("certFile", pem), plane.second)
        let ownSpos: SposConfig = try await plane.call(.post, "/spos-configs", json: #"{"url": "https://sp.example/spos", "certificateId": "\#(ownCertificate.id)"}"#, as: plane.second).decode()
        let ownConfig: ApplicationConfig = try await plane.call(.post, "/application-configs", json: #"{"instanceAid": "F054534D5401"}"#, as: plane.second).decode()
        let service: TrustedServiceModel.Service = try await plane.call(.post, "/services", json: #"{"name": "own"}"#, as: plane.second).decode()
        let flavor: Flavor = try await plane.call(.post, "/services/\(service.id)/flavors", json: "{}", as: plane.second).decode()
        #expect(try await plane.call(.post, "/services/\(service.id)/versions", json: #"{"tag": "1.0.0", "allowedDeployments": {}}"#, as: plane.second).status == 200)
        let path = "/services/\(service.id)"
        let instantiation = #"{"applicationInstantiationConfigs": [{"executableModuleId": "\#(demo.module.id)", "applicationConfigId": "\#(ownConfig.id)"}]}"#
        let foreign: [(HTTPRequest.Method, String, String)] = [
            (.post, "/services", #"{"name": "x", "sposConfigId": "\#(spos.id)"}"#),
            (.put, path, #"{"name": "x", "sposConfigId": "\#(spos.id)"}"#),
            (.post, path + "/flavors", #"{"executableLoadFileIds": ["\#(demo.elf.id)"]}"#),
            (.put, path + "/flavors/\(flavor.id)", #"{"executableLoadFileIds": ["\#(demo.elf.id)"]}"#),
            (.post, path + "/flavors", instantiation),
            (.put, path + "/flavors/\(flavor.id)", instantiation),
            (.post, path + "/flavors/\(flavor.id)/executable-load-files", #"["\#(demo.elf.id)"]"#),
            (.put, path + "/flavors/\(flavor.id)/executable-load-files", #"["\#(demo.elf.id)"]"#),
            (.post, path + "/versions", #"{"tag": "2.0.0", "allowedDeployments": {"\#(demo.flavor.id)": []}}"#),
            (.put, path + "/versions/1.0.0", #"{"tag": "1.0.0", "allowedDeployments": {"\#(demo.flavor.id)": []}}"#),
            (.post, path + "/versions/1.0.0/flavors", #"{"\#(demo.flavor.id)": []}"#),
            (.put, path + "/versions/1.0.0/flavors", #"["\#(demo.flavor.id)"]"#),
            (.post, path + "/versions/1.0.0/secure-component-profiles", #"{"\#(plane.profile304.id)": "\#(demo.flavor.id)"}"#),
            (.post, "/application-configs", #"{"instanceAid": "F054534D5402", "personalizationConfig": {"personalizationScriptId": "\#(script.id)"}}"#),
            (.put, "/application-configs/\(ownConfig.id)", #"{"instanceAid": "F054534D5401", "personalizationConfig": {"certificateId": "\#(certificate.id)"}}"#),
            (.post, "/spos-configs", #"{"url": "https://sp.example/x", "certificateId": "\#(certificate.id)"}"#),
            (.put, "/spos-configs/\(ownSpos.id)", #"{"url": "https://sp.example/x", "certificateId": "\#(certificate.id)"}"#),
        ]
        for (method, path, body) in foreign {
            let answer = try await plane.call(method, path, json: body, as: plane.second)
            #expect(answer.status == 400 && answer.category == 1009, "\(method) \(path) \(body): \(String(decoding: answer.body, as: UTF8.self))")
            // And word for word as for an ID that nobody has, but for the ID.
            var ids = [spos.id, demo.elf.id, demo.module.id, demo.flavor.id, script.id, certificate.id]
            ids.removeAll { !body.contains($0) }
            let id = try #require(ids.first)
            let nobody = "00000000-0000-4000-8000-000000000000"
            let unknown = try await plane.call(method, path, json: body.replacing(id, with: nobody), as: plane.second)
            let (foreignError, unknownError) = (try answer.decode(GeneralError.self), try unknown.decode(GeneralError.self))
            #expect(unknown.status == answer.status && unknownError.errorCategory == foreignError.errorCategory)
            #expect(unknownError.errorMessage.replacing(nobody, with: id) == foreignError.errorMessage)
        }
        // A prefix of an ID, or an ID with something after it, is not that ID.
        for id in [String(demo.elf.id.dropLast()), demo.elf.id + "x", demo.elf.id.uppercased(), demo.elf.id + "%"] {
            #expect(try await plane.call(.post, "/services/\(demo.service.id)/flavors", json: #"{"executableLoadFileIds": ["\#(id)"]}"#).category == 1009, "\(id)")
        }
    }

    /// Lists without a path parameter: what one provider has, the other does not see.
    @Test func listsShowTheCallersOwn() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        _ = try await demo.createVersion(on: plane.profile304)
        let pem = Array(try Plane.authority().certificatePEM.utf8)
        let certificate: TrustedServiceModel.Certificate = try await plane.upload(.post, "/certificates", [.file("certFile", pem)]).decode()
        _ = try await plane.upload(.post, "/personalization-scripts", [.file("scriptFile", [0x23])])
        _ = try await plane.call(.post, "/spos-configs", json: #"{"url": "https://sp.example/spos", "certificateId": "\#(certificate.id)"}"#)
        var lists = 0
        for operation in OperationTable.all where operation.method == .get && operation.paths[0].segments.count == 1 {
            let path = operation.paths[0].description
            let own = try await plane.call(.get, path).json.array?.count ?? 0
            let others = try await plane.call(.get, path, as: plane.second).json.array?.count
            #expect(own > 0, "\(operation.id)")
            #expect(others == (operation.id == "listSecureComponentProfiles" ? own : 0), "\(operation.id)")
            lists += 1
        }
        #expect(lists == 7)
    }
}
