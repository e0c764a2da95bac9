import Foundation
import Identity
import Testing

extension EndToEnd.Shared {
    @Test("the sample app: the whole life of a ticket, by the TSM's registration and by tokens of the service provider's own issuer")
    func sampleApp() async throws {
        let testbed = try RunningTestbed.required()
        let work = try TemporaryDirectory()
        let issuer = SoftwareTokenSigner(keyID: "ticket-1")
        try Data(issuer.privateKeyPEM.utf8).write(to: URL(fileURLWithPath: work.path + "/issuer.pem"))
        try JSONEncoder().encode(JSONWebKeySet(keys: [issuer.publicKey])).write(to: URL(fileURLWithPath: work.path + "/jwks.json"))
        func run(_ more: [String], expecting code: Int32 = 0) async throws -> ProgramRun {
            let run = try await ProgramRun.run(try Executables.path(of: "ticket-app"), ["--testbed", testbed.directory, "--handset", "handset-2"] + more)
            #expect(run.exitCode == code, "\(run.output)\(run.errors)")
            return run
        }
        let steps = ["is there something to deploy?", "create 1.0.0", "deploy", "update to 1.1.0", "suspend", "resume", "terminate", "done: nothing of the service is left"]
        func expectSteps(_ run: ProgramRun) {
            #expect(run.lines.filter(steps.contains).suffix(steps.count) == steps[...], "\(run.output)")
            #expect(run.lines.contains { $0.contains("version 1.0") } && run.lines.contains { $0.contains("version 1.1") } && run.output.contains("cannot be selected"))
            let percents = run.lines.compactMap { line in line.hasSuffix(" %") ? Int(line.dropLast(2).trimmingCharacters(in: .whitespaces)) : nil }
            #expect(percents.count > 10)
        }
        expectSteps(try await run(["--log"]))
        // Its tokens count once the operator has registered their issuer.
        #expect(try await run(["--token-key", work.path + "/issuer.pem"], expecting: 1).output.contains("category 5"))
        let provider = testbed.file.serviceProviders[0].id
        let added = try await ProgramRun.tsms(["operator", "add", "token-issuers", "--of", provider, "issuer=https://login.ticket.example", "audience=https://tsm.example/ticket",
                                               "jwks=@\(work.path)/jwks.json", "--dir", testbed.directory, "--json"])
        struct Added: Decodable { var id: String }
        let id = try JSONDecoder().decode(Added.self, from: Data(try #require(added.lines.last).utf8)).id
        let known = try await wait(upTo: .seconds(5)) {
            try await ProgramRun.run(try Executables.path(of: "ticket-app"), ["--testbed", testbed.directory, "--handset", "handset-2", "--token-key", work.path + "/issuer.pem"]).exitCode == 0 ? true : nil
        }
        #expect(known == true)
        _ = try await ProgramRun.tsms(["operator", "remove", "token-issuers", "--of", provider, id, "--dir", testbed.directory, "--json"])
        #expect(try await run(["--nonsense"], expecting: 64).output.contains("usage"))
    }
}
