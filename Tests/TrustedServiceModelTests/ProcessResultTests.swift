import Foundation
import TestMaterial
import Testing
import TrustedServiceModel

/// TR-03165 4.3.3.1.
@Suite("what an online service is told")
struct ProcessResultTests {
    private static let sample = ProcessResult(
        processId: "p", executionStatus: .secureComponentError, executionMessage: "m", startDate: "2026-03-01T09:30:00.250Z", endDate: "2026-03-01T09:30:01.000Z",
        serviceId: "s", versionTag: "1.0.0", serviceInstanceId: "i", requestedOperations: [.deploymentInstallation, .deploymentFinalize],
        serviceStartState: .notDeployed, serviceEndState: .inError)

    @Test("its attributes are the TR's, no more and no less, each of the type that the TR gives it", .enabled(if: ReferenceData.file("tsmapi.json") != nil))
    func attributes() throws {
        let spos = try #require(try ReferenceData.json("tsmapi.json")["spos"] as? [String: Any])
        let attributes = try #require(spos["attributes"] as? [[String: Any]])
        let object = try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(Self.sample)) as? [String: Any])
        #expect(Set(object.keys) == Set(attributes.compactMap { $0["name"] as? String }))
        for attribute in attributes {
            let (name, type) = (try #require(attribute["name"] as? String), try #require(attribute["type"] as? String))
            switch type {
            case "string": #expect(object[name] is String, "\(name)")
            case "int": #expect(object[name] is Int, "\(name)")
            case "int[]": #expect(object[name] is [Int], "\(name)")
            default: Issue.record("\(name) has the type \(type)")
            }
        }
        #expect(spos["endpoint"] as? String == "POST <url>\(SPOSService.processResultsPath)")
    }

    @Test("numbers of operations and states are the TR's")
    func numbers() throws {
        let text = String(decoding: try JSONEncoder().encode(Self.sample), as: UTF8.self)
        for part in ["\"executionStatus\":7", "\"requestedOperations\":[10,13]", "\"serviceStartState\":1", "\"serviceEndState\":25"] { #expect(text.contains(part), "\(text)") }
        #expect(try JSONDecoder().decode(ProcessResult.self, from: Data(text.utf8)) == Self.sample)
    }
}
