import Foundation
import Testing

extension EndToEnd {
    @Test("tsms demo --json: exit code 0, ends with the agreed object, leaves nothing behind")
    static func demo() async throws {
        struct Result: Decodable {
            struct Step: Decodable {
                var name: String
                var milliseconds: Double
            }
            struct Call: Decodable {
                var processId: String
                var roundTrips, apdus: Int
            }
            struct Component: Decodable {
                var reader, profile, issuer: String
                var deployment, update, suspension, resumption, termination: Call
            }
            var result, processId: String
            var roundTrips, apdus: Int
            var milliseconds: Double
            var steps: [Step]
            var components: [Component]
        }
        let directory = try TemporaryDirectory()
        let run = try await ProgramRun.tsms(["demo", "--json", "--dir", directory.path + "/demo"], deadline: .seconds(120))
        for line in run.lines { #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) is [String: Any], "no JSON object: \(line)") }
        let result = try JSONDecoder().decode(Result.self, from: Data(try #require(run.lines.last).utf8))
        #expect(result.result == "ok")
        #expect(result.roundTrips == 2)
        #expect(UUID(uuidString: result.processId) != nil)
        #expect(result.components.map(\.reader) == ["eSE1", "eUICC1"] && result.components.map(\.issuer) == ["issuer-1", "issuer-2"])
        #expect(result.components.first?.deployment.processId == result.processId)
        for component in result.components {
            let calls = [component.deployment, component.update, component.suspension, component.resumption, component.termination]
            #expect(calls.allSatisfy { $0.roundTrips == 2 } && Set(calls.map(\.processId)).count == 5)
            // What stays is not put anew.
            #expect(component.update.apdus < component.deployment.apdus)
        }
        #expect(result.apdus > 30 && result.milliseconds > 0)
        #expect(result.steps.count >= 10 && result.steps.allSatisfy { !$0.name.isEmpty && $0.milliseconds >= 0 })
        #expect(ProcessTable.withCommandLine(containing: directory.path).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/demo/testbed.json"))
    }
}
