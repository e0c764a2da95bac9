import Foundation
import Identity
import Testing
import TrustedServiceModel

extension EndToEnd.Shared {
    /// A request that begins a dialog, as the SDK would send it.
    private func queryBody(_ testbed: RunningTestbed, _ handset: TestHandset) async throws -> [UInt8] {
        _ = try await handset.instances(testbed)
        return try #require(handset.transport.exchanges.last { $0.request.path.hasSuffix("/service-instance-queries") }).request.body
    }

    @Test("a replayed proof, another key's token, no token, no proof, no Idempotency-Key: refused")
    func proofsOfTheCaller() async throws {
        let testbed = try RunningTestbed.required()
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            let before = handset.content
            let body = try await queryBody(testbed, handset)
            let path = "/service-instance-queries"
            let caller = try BareCaller(testbed)
            let token = try await caller.token(testbed.file.serviceProviders[0])
            func key() -> (String, String) { ("idempotency-key", UUID().uuidString) }

            let proof = try caller.proof(path, token: token)
            let first = try await caller.post(path, body: body, [("authorization", "DPoP \(token)"), ("dpop", proof), key()])
            #expect(first.status == 200, "\(first.text)")
            func refused(_ what: String, _ headers: [(String, String)], status: Int = 401) async throws {
                let answer = try await caller.post(path, body: body, headers)
                #expect(answer.status == status, "\(what): \(answer.status) \(answer.text)")
                #expect(!answer.text.contains("dialogId"), "\(what): \(answer.text)")
            }
            try await refused("the same proof again", [("authorization", "DPoP \(token)"), ("dpop", proof), key()])
            try await refused("a proof by another key", [("authorization", "DPoP \(token)"), ("dpop", try caller.proof(path, token: token, key: SoftwareTokenSigner())), key()])
            try await refused("a proof for another path", [("authorization", "DPoP \(token)"), ("dpop", try caller.proof("/service-instances", token: token)), key()])
            try await refused("a proof for another host", [("authorization", "DPoP \(token)"), ("dpop", try caller.proof(path, token: token, url: "https://localhost/tsm-api/v1\(path)")), key()])
            try await refused("a proof for another method", [("authorization", "DPoP \(token)"), ("dpop", try caller.proof(path, token: token, method: "GET")), key()])
            try await refused("a proof that names another token", [("authorization", "DPoP \(token)"), ("dpop", try caller.proof(path, token: token + "x")), key()])
            try await refused("two proofs", [("authorization", "DPoP \(token)"), ("dpop", try caller.proof(path, token: token)), ("dpop", try caller.proof(path, token: token)), key()])
            try await refused("no proof", [("authorization", "DPoP \(token)"), key()])
            try await refused("no token", [("dpop", try caller.proof(path, token: token)), key()])
            try await refused("a bearer token", [("authorization", "Bearer \(token)"), ("dpop", try caller.proof(path, token: token)), key()])
            let altered = String(token.dropLast(4)) + (token.hasSuffix("AAAA") ? "BBBB" : "AAAA")
            try await refused("an altered token", [("authorization", "DPoP \(altered)"), ("dpop", try caller.proof(path, token: altered)), key()])
            let longTerm = testbed.file.serviceProviders[0].longTermToken
            try await refused("the service provider's own token", [("authorization", "DPoP \(longTerm)"), ("dpop", try caller.proof(path, token: longTerm)), key()])
            let elsewhere = try caller.proof(path, token: token, url: "https://elsewhere.example/tsm-api/v1\(path)")
            try await refused("an authority that only the gateway may state", [("authorization", "DPoP \(token)"), ("dpop", elsewhere), ("x-tsms-authority", "elsewhere.example"), key()])
            try await refused("no Idempotency-Key", [("authorization", "DPoP \(token)"), ("dpop", try caller.proof(path, token: token))], status: 400)
            await caller.close()
            #expect(handset.content == before)
            #expect(try await handset.instances(testbed).isEmpty)
        }
    }

    @Test("a stolen session ID, and a stolen process ID, are worth nothing without the token and key that began it")
    func stolenSession() async throws {
        let testbed = try RunningTestbed.required()
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            let id = try await handset.create(testbed).id
            let thief = try BareCaller(testbed)
            let stolen = try await thief.token(testbed.file.serviceProviders[0])
            let owner = try BareCaller(testbed, deviceKey: handset.deviceKey)
            handset.transport.beforeReport { report in
                let dialog = try #require(try handset.transport.lastDialog())
                let session = try #require(dialog.sessionId)
                let ownToken = try #require(report.header("authorization")).replacing("DPoP ", with: "")
                // A token and key of his own, the owner's token with his key, nothing at all.
                for (token, status) in [(stolen, 404), (ownToken, 401), (nil, 401)] {
                    for endpoint in ["remoteManagement", "handshake"] {
                        let body = endpoint == "handshake" ? Array(#"{"secureElements":[]}"#.utf8) : report.body
                        let answer = try await thief.seram(endpoint, session: session, body: body, token: token)
                        #expect(answer.status == status, "\(endpoint): \(answer.status) \(answer.text)")
                    }
                }
                let direct = try await thief.post("/processes/\(dialog.dialogId)/reports/1", body: report.body, token: stolen)
                #expect(direct.status == 404, "\(direct.status) \(direct.text)")
                // The session ID is not the process ID, and guesses find nothing.
                #expect(session != dialog.dialogId)
                for guess in [dialog.dialogId, String(repeating: "0", count: 32)] {
                    #expect(try await owner.seram("remoteManagement", session: guess, body: report.body, token: ownToken).status == 404)
                }
                // In the right hands it is good: the outstanding order once more.
                let polling = try await owner.seram("remoteManagement", session: session, body: Array(#"{"localAgentStatus":{"localAgentStatusEnum":"POLLING"}}"#.utf8), token: ownToken)
                #expect(polling.status == 200, "\(polling.text)")
                #expect(try JSONDecoder().decode(SERAM.Order.self, from: Data(polling.body)) == dialog.order)
            }
            let deployed = await handset.deploy(id)
            #expect(deployed.serviceInstanceState == .operational, "\(deployed.processInfo.executionMessage)")
            await thief.close()
            await owner.close()
            try await handset.clear(testbed)
        }
    }
}
