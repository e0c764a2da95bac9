import Foundation
import HTTPTypes
import Identity
import Testing

@testable import SPTSMProvider

@Suite struct AuthenticationTests {
    @Test func longTermTokenGivesAShortTermOne() async throws {
        let plane = try await Plane()
        let long = try #require(plane.longTermTokens[plane.first.id])
        for form in [long, "Bearer \(long)", "bearer \(long)", "\"\(long)\""] {
            let answer = try await plane.call(.post, "/auth", authorization: form)
            #expect(answer.status == 200)
            #expect(answer.headers[.contentType] == "application/json")
            let token = try answer.decode(String.self)
            for presented in [token, "Bearer \(token)", "BEARER \"\(token)\""] {
                #expect(try await plane.call(.get, "/services", authorization: presented).status == 200)
            }
        }
        #expect(try await plane.call(.post, "/auth", json: "{}", authorization: long).status == 200)
        #expect(try await plane.call(.post, "/auth/", authorization: long).status == 200)
        let surplus = try await plane.call(.post, "/auth", json: #"{"a": 1}"#, authorization: long)
        #expect(surplus.status == 400 && surplus.category == 1002)
    }

    @Test func wrongTokensAreRefused() async throws {
        let plane = try await Plane()
        let long = try #require(plane.longTermTokens[plane.first.id])
        let short = try #require(plane.tokens[plane.first.id])
        for wrong in ["", "Bearer", "Bearer nonsense", "Bearer \(short)", long + "x"] {
            let answer = try await plane.call(.post, "/auth", authorization: wrong)
            #expect(answer.status == 401 && answer.category == 1001, "\(wrong)")
        }
        let forged = try plane.vault.sign(plane.first.id, lifetime: 60, by: SoftwareTokenSigner(keyID: "provider-1")).token
        let unknownKey = try plane.vault.sign(plane.first.id, lifetime: 60, by: SoftwareTokenSigner(keyID: "provider-2")).token
        let nobody = try plane.vault.sign("00000000-0000-0000-0000-000000000000", lifetime: 60, by: plane.vault.signer).token
        for wrong in ["", "Bearer \(long)", "Bearer \(forged)", "Bearer \(unknownKey)", "Bearer \(nobody)", "Bearer \(short.dropLast(4))", "Basic \(short)"] {
            let answer = try await plane.call(.get, "/services", authorization: wrong)
            #expect(answer.status == 401 && answer.category == 1000, "\(wrong)")
        }
    }

    @Test func tokensExpire() async throws {
        let plane = try await Plane()
        #expect(try await plane.call(.get, "/services").status == 200)
        plane.advance(890)
        #expect(try await plane.call(.get, "/services").status == 200)
        plane.advance(60)
        let answer = try await plane.call(.get, "/services")
        #expect(answer.status == 401 && answer.category == 1000)
    }

    @Test func revokedTokenGivesNoMore() async throws {
        let plane = try await Plane()
        let records = try await plane.plane.operator.tokens(of: plane.first.id)
        #expect(records.count == 1)
        try await plane.plane.operator.revokeToken(try #require(records.first).id, of: plane.first.id)
        let answer = try await plane.call(.post, "/auth", authorization: plane.longTermTokens[plane.first.id])
        #expect(answer.status == 401 && answer.category == 1001)
    }

    @Test func longTermTokenIsStoredAsHashOnly() async throws {
        let plane = try await Plane()
        let long = try #require(plane.longTermTokens[plane.first.id])
        try await plane.store.backup(toFile: plane.directory + "/copy.sqlite")
        let file = try Data(contentsOf: URL(fileURLWithPath: plane.directory + "/copy.sqlite"))
        #expect(file.range(of: Data(long.utf8)) == nil)
        #expect(file.range(of: Data(plane.first.id.utf8)) != nil)
    }

    @Test func boundCertificateIsASecondFactor() async throws {
        let plane = try await Plane()
        let digest = String(repeating: "ab", count: 32)
        _ = try await plane.plane.operator.setClientCertificate(.init(sha256: digest.uppercased()), of: plane.first.id)
        let long = plane.longTermTokens[plane.first.id]
        #expect(try await plane.call(.get, "/services").category == 1000)
        #expect(try await plane.call(.post, "/auth", authorization: long).category == 1001)
        let wrong: HTTPFields = [GatewayHeaders.clientCertificate: String(repeating: "cd", count: 32)]
        #expect(try await plane.call(.get, "/services", headers: wrong).category == 1000)
        let right: HTTPFields = [GatewayHeaders.clientCertificate: digest]
        #expect(try await plane.call(.get, "/services", headers: right).status == 200)
        #expect(try await plane.call(.post, "/auth", authorization: long, headers: right).status == 200)
    }

    @Test func nobodyButTheGatewayReachesTheAPI() async throws {
        let plane = try await Plane()
        for peer in [Plane.handset, Plane.operatorName, "spiffe://sp-tsm.example/gateway-handset"] {
            #expect(try await plane.call(.get, "/services", peer: peer).status == 403)
        }
    }

    @Test func accountIsFoundUnderBothSpellings() async throws {
        let plane = try await Plane()
        for path in ["/serviceproviders/current", "/service-providers/current", "/serviceproviders/current/"] {
            let answer = try await plane.call(.get, path)
            #expect(answer.status == 200)
            #expect(try answer.json == .object(["id": .string(plane.first.id), "name": .string("First")]))
        }
        #expect(try await plane.call(.get, "/nothing").status == 404)
        let wrongMethod = try await plane.call(.patch, "/services")
        #expect(wrongMethod.status == 405 && wrongMethod.headers[.allow] == "GET, POST")
    }
}
