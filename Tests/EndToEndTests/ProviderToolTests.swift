import Foundation
import Testing

extension EndToEnd.Shared {
    private struct Outcome: Decodable {
        var result: String
        var changes: Int?
        var message: String?
    }

    private func provider(_ arguments: String..., expecting code: Int32 = 0) async throws -> [String] {
        let testbed = try RunningTestbed.required()
        let run = try await ProgramRun.run(try Executables.directory() + "/tsms", ["provider"] + arguments + ["--dir", testbed.directory, "--json"])
        #expect(run.exitCode == code, "tsms provider \(arguments.joined(separator: " ")): \(run.errors)\(run.output)")
        return run.lines
    }

    private func changes(_ lines: [String]) throws -> Int {
        let outcome = try JSONDecoder().decode(Outcome.self, from: Data(try #require(lines.last).utf8))
        #expect(outcome.result == "ok")
        return try #require(outcome.changes)
    }

    @Test("tsms provider: apply, again nothing, change, export and apply, get, delete")
    func providerTool() async throws {
        let testbed = try RunningTestbed.required()
        let demo = testbed.directory + "/demo-service.yaml"
        // What the testbed itself published is as its file says.
        #expect(try changes(try await provider("apply", "-f", demo)) == 0)
        let work = try TemporaryDirectory()
        let path = work.path + "/service.yaml"
        try """
        certificates:
          spos: {file: "\(testbed.file.gateway.ca)"}
        sposConfigs:
          backend: {url: "https://sp.example/tool", certificate: spos}
        applicationConfigs:
          tool: {instanceAid: F054534D5301017701, activation: {apdu: true}}
        services:
          made by a file:
            spos: backend
            flavors:
              empty: {loadFiles: [], applications: []}
            versions:
              1.0.0: {empty: []}
        """.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try changes(try await provider("apply", "--plan", "-f", path)) == 6)
        #expect(try changes(try await provider("apply", "-f", path)) == 6)
        #expect(try changes(try await provider("apply", "-f", path)) == 0)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacing("apdu: true", with: "apdu: true, nfc: true").write(toFile: path, atomically: true, encoding: .utf8)
        let lines = try await provider("apply", "-f", path)
        #expect(try changes(lines) == 1)
        #expect(lines.first?.contains(#""action":"change""#) == true && lines.first?.contains("activationConfig") == true, "\(lines)")
        // What the TSM refuses comes out with its category, and what is wrong in the file before anything is sent.
        try text.replacing("F054534D5301017701", with: "A000000001017701").write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try await provider("apply", "-f", path, expecting: 1).last?.contains("1008") == true)
        try text.replacing("certificate: spos", with: "certificate: other").write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try await provider("apply", "-f", path, expecting: 1).last?.contains("other") == true)

        let exported = work.path + "/all.yaml"
        _ = try await provider("export", "-f", exported)
        #expect(try changes(try await provider("apply", "-f", exported)) == 0)
        #expect(FileManager.default.fileExists(atPath: work.path + "/ticket-1.0-jc304.cap"))
        _ = try await provider("export", "-f", exported, expecting: 1)

        struct Named: Decodable { var id: String; var name: String }
        let services = try JSONDecoder().decode([Named].self, from: Data(try #require(try await provider("get", "services").last).utf8))
        let made = try #require(services.first { $0.name == "made by a file" })
        #expect(try await provider("get", "versions", "1.0.0", "--service", made.id).last?.contains(made.id) == true)
        _ = try await provider("delete", "services", made.id)
        #expect(try await provider("get", "services", made.id, expecting: 1).last?.contains("1009") == true)
    }

    @Test("tsms operator: a service provider from admission to removal, a profile's notice, maintenance")
    func operatorTool() async throws {
        let testbed = try RunningTestbed.required()
        func operate(_ arguments: String..., expecting code: Int32 = 0) async throws -> [String: Any] {
            let run = try await ProgramRun.run(try Executables.directory() + "/tsms", ["operator"] + arguments + ["--dir", testbed.directory, "--json"])
            #expect(run.exitCode == code, "tsms operator \(arguments.joined(separator: " ")): \(run.errors)\(run.output)")
            let object = try JSONSerialization.jsonObject(with: Data(try #require(run.lines.last).utf8))
            return object as? [String: Any] ?? ["list": object]
        }
        let made = try await operate("add", "service-providers", "name=made by a tool", "aidPrefixes=[A0000009990102]")
        let id = try #require(made["id"] as? String)
        #expect((try await operate("add", "tokens", "--of", id, "label=x")["longTermToken"] as? String)?.hasPrefix("lt-") == true)
        #expect((try await operate("list", "tokens", "--of", id)["list"] as? [[String: Any]])?.count == 1)
        #expect(try await operate("set", "service-providers", "--id", id, "name=renamed")["name"] as? String == "renamed")
        #expect(try await operate("show", "service-providers", id)["name"] as? String == "renamed")
        #expect(try await operate("remove", "service-providers", id)["result"] as? String == "ok")
        #expect((try await operate("show", "service-providers", id, expecting: 1)["message"] as? String)?.contains("404") == true)
        let profile = try #require((try await operate("list", "profiles")["list"] as? [[String: Any]])?.first?["profile"] as? [String: Any])
        let profileId = try #require(profile["id"] as? String)
        _ = try await operate("set", "removal", "--of", profileId, "effective=2099-01-01T00:00:00.000Z", "message=end of life")
        #expect(try await provider("get", "notices").last?.contains("end of life") == true)
        _ = try await operate("remove", "profiles", profileId, expecting: 1)
        _ = try await operate("remove", "removal", "--of", profileId)
        #expect(try await operate("set", "maintenance", "mode=readOnly", "message=back soon")["mode"] as? String == "readOnly")
        #expect(try await provider("delete", "services", "nobody", expecting: 1).last?.contains("back soon") == true)
        #expect(try await operate("set", "maintenance", "mode=off")["mode"] as? String == "off")
    }
}
