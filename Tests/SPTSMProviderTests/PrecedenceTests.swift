import Foundation
import HTTPTypes
import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

/// Several things wrong at once: one error, and which one is fixed (docs/deviations.md, "order of checks").
@Suite struct PrecedenceTests {
    @Test func ofBodies() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        #expect(try await demo.createVersion(on: plane.profile304).status == 200)
        #expect(try await demo.publish().status == 200)
        let path = "/services/\(demo.service.id)/flavors/\(demo.flavor.id)"
        let missing = "/services/\(demo.service.id)/flavors/nobody"
        func category(_ path: String, _ json: String, authorization: String? = nil) async throws -> Int {
            try await plane.call(.put, path, json: json, authorization: authorization).category
        }
        // Each body has the fault named first and all that come after it.
        let rest = #""executableLoadFileIds": ["nobody"], "featureConfig": {"useCspFull": true}"#
        let mandatory = #""applicationInstantiationConfigs": [{}]"#
        #expect(try await category(missing, #"{"surplus": 1, "id": "x", "# , authorization: "Bearer x.y.z") == 1000)
        #expect(try await category(missing, #"{"surplus": 1, "id": "x", "#) == 1002)
        #expect(try await category(missing, #"{"surplus": 1, "id": "x", "name": 7, \#(mandatory), \#(rest)}"#) == 1009)
        #expect(try await category(path, #"{"surplus": 1, "id": "x", "name": 7, \#(mandatory), \#(rest)}"#) == 1007)
        #expect(try await category(path, #"{"id": "x", "name": 7, \#(mandatory), \#(rest)}"#) == 1005)
        #expect(try await category(path, #"{"name": 7, \#(mandatory), \#(rest)}"#) == 1006)
        #expect(try await category(path, #"{"name": 7, \#(rest)}"#) == 1008)
        #expect(try await category(path, #"{\#(rest)}"#) == 1009)
        #expect(try await category(path, #"{"executableLoadFileIds": [], "featureConfig": {"useCspFull": true}}"#) == 1015)
        #expect(try await category(path, #"{"featureConfig": {"useCspFull": true}}"#) == 1016)
        #expect(try await plane.call(.get, path).decode(Flavor.self).featureConfig == demo.flavor.featureConfig)
        // On creation the assigned before the missing.
        let collection = "/services/\(demo.service.id)/flavors"
        #expect(try await plane.call(.post, collection, json: #"{"id": "x", "name": 7, \#(mandatory)}"#).category == 1003)
        #expect(try await plane.call(.post, collection, json: #"{"name": 7, \#(mandatory)}"#).category == 1004)
    }

    @Test func ofUploads() async throws {
        let plane = try await Plane(limits: ProviderLimits(loadFile: 20_000))
        let demo = try await DemoCatalogue(plane)
        #expect(try await demo.createVersion(on: plane.profile304).status == 200)
        let path = "/executable-load-files/\(demo.elf.id)"
        let newer = try Applets.archive("ticket-1.1-jc310.cap")
        let (large, wrong) = (Part.file("elfFile", Array(repeating: 1, count: 20_001)), Part.file("elfFile", [1]))
        func category(_ parts: [Part], _ path: String) async throws -> Int { try await plane.upload(.put, path, parts).category }
        #expect(try await plane.call(.put, "/executable-load-files/nobody", json: "{}").category == 1002)
        #expect(try await category([.text("surplus", "x"), large, large], "/executable-load-files/nobody") == 1009)
        #expect(try await category([.text("surplus", "x"), large, large], path) == 1007)
        #expect(try await category([large, large], path) == 1012)
        #expect(try await category([large], path) == 1014)
        #expect(try await category([wrong], path) == 1013)
        #expect(try await category([.file("elfFile", newer)], path) == 1016)
        #expect(try await demo.publish().status == 200)
        #expect(try await category([.file("elfFile", newer)], path) == 1015)
        #expect(try await category([wrong], path) == 1013)
    }

    @Test func ofDeletion() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        let path = "/application-configs/\(demo.config.id)"
        #expect(try await plane.call(.delete, path, authorization: "Bearer x.y.z").category == 1000)
        #expect(try await plane.call(.delete, path, json: #"{"a": 1}"#).category == 1002)
        #expect(try await plane.call(.delete, path, as: plane.second).category == 1009)
        #expect(try await plane.call(.delete, path).category == 1010)
    }
}
