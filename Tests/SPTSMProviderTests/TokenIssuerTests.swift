import DeploymentDocument
import Foundation
import HTTPTypes
import Identity
import ServiceKit
import Testing

@testable import SPTSMProvider

@Suite("token issuers and integrity services of service providers") struct TokenIssuerTests {
    private let key = SoftwareTokenSigner(keyID: "k1"), next = SoftwareTokenSigner(keyID: "k2")

    private func body(_ changes: [String: Any?] = [:], keys: [SoftwareTokenSigner]? = nil) throws -> String {
        let set = try JSONSerialization.jsonObject(with: JSONEncoder().encode(JSONWebKeySet(keys: (keys ?? [key]).map(\.publicKey))))
        var body: [String: Any] = ["issuer": "https://login.sp.example", "audience": "https://tsm.example/sp-1", "jwks": set]
        for (name, value) in changes { body[name] = value }
        return String(decoding: try JSONSerialization.data(withJSONObject: body), as: UTF8.self)
    }

    @Test func isRegisteredReplacedAndWithdrawnAndTheHandsetPlaneLearnsOfIt() async throws {
        let plane = try await Plane()
        let path = "/service-providers/\(plane.first.id)/token-issuers"
        func revision() async throws -> Int { try await plane.plane.internal.revisions(after: 0).current }
        let before = try await revision()
        let made = try await plane.callOperator(.post, path, json: try body())
        #expect(made.status == 201)
        let issuer: TokenIssuerDescriptor = try made.decode()
        #expect(issuer.serviceProviderId == plane.first.id && issuer.jwks.keys == [key.publicKey] && issuer.maximumLifetime == 3600)
        #expect(issuer.deviceAppClaim.description == "/deviceAppId" && issuer.deviceKeyClaim.description == "/cnf/jkt")
        #expect(try await plane.callInternal("/internal/v1/token-issuers").decode([TokenIssuerDescriptor].self) == [issuer])
        #expect(try await plane.callOperator(.get, path).decode([TokenIssuerDescriptor].self) == [issuer])
        let feed: RevisionFeed = try await plane.callInternal("/internal/v1/revisions?after=\(before)").decode()
        #expect(feed.entries.map(\.change) == [.settingsChanged])

        let replaced = try await plane.callOperator(.put, path + "/" + issuer.id, json: try body(["deviceAppClaim": "/client/app", "maximumLifetime": 60], keys: [key, next]))
        let now: TokenIssuerDescriptor = try replaced.decode()
        #expect(replaced.status == 200 && now.id == issuer.id && now.jwks.keys.map(\.keyID) == ["k1", "k2"] && now.deviceAppClaim.description == "/client/app" && now.maximumLifetime == 60)
        #expect(try await plane.callOperator(.get, path + "/" + issuer.id).decode(TokenIssuerDescriptor.self) == now)
        #expect(try await revision() == before + 2)

        // Another's is as one that does not exist.
        let foreign = "/service-providers/\(plane.second.id)/token-issuers"
        #expect(try await plane.callOperator(.get, foreign).decode([TokenIssuerDescriptor].self).isEmpty)
        for (method, json) in [(.get, ""), (.put, try body()), (.delete, "")] as [(HTTPRequest.Method, String)] {
            #expect(try await plane.callOperator(method, foreign + "/" + issuer.id, json: json).status == 404)
        }
        #expect(try await plane.callOperator(.delete, path + "/" + issuer.id).status == 204)
        #expect(try await plane.callOperator(.delete, path + "/" + issuer.id).status == 404)
        #expect(try await plane.callInternal("/internal/v1/token-issuers").decode([TokenIssuerDescriptor].self).isEmpty)
        #expect(try await revision() == before + 3)
    }

    @Test func oneIssuerForSeveralNeedsAnAudienceForEach() async throws {
        let plane = try await Plane()
        let (first, second) = ("/service-providers/\(plane.first.id)/token-issuers", "/service-providers/\(plane.second.id)/token-issuers")
        #expect(try await plane.callOperator(.post, first, json: try body()).status == 201)
        for path in [first, second] { #expect(try await plane.callOperator(.post, path, json: try body()).status == 409) }
        let other: TokenIssuerDescriptor = try await plane.callOperator(.post, second, json: try body(["audience": "https://tsm.example/sp-2"])).decode()
        #expect(try await plane.callOperator(.put, second + "/" + other.id, json: try body()).status == 409)
        #expect(try await plane.callOperator(.put, second + "/" + other.id, json: try body(["audience": "https://tsm.example/sp-2", "maximumLifetime": 120])).status == 200)
    }

    @Test func goesWithItsServiceProvider() async throws {
        let plane = try await Plane()
        let provider: OperatorAPI.ServiceProviderRecord = try await plane.callOperator(.post, "/service-providers", json: #"{"name": "x", "aidPrefixes": ["A000000999"]}"#).decode()
        #expect(try await plane.callOperator(.post, "/service-providers/\(provider.id)/token-issuers", json: try body()).status == 201)
        #expect(try await plane.callOperator(.delete, "/service-providers/\(provider.id)").status == 204)
        #expect(try await plane.callInternal("/internal/v1/token-issuers").decode([TokenIssuerDescriptor].self).isEmpty)
    }

    @Test func wrongEntriesAreRefusedWithTheReason() async throws {
        let plane = try await Plane()
        let path = "/service-providers/\(plane.first.id)/token-issuers"
        let rsa: [String: Any] = ["kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "r"]
        let privateKey: [String: Any] = ["kty": "EC", "crv": "P-256", "x": Base64URL.encode(key.publicKey.x), "y": Base64URL.encode(key.publicKey.y), "d": "AQAB"]
        let wrong: [(String, String)] = [
            (try body(["issuer": ""]), "issuer"), (try body(["audience": ""]), "audience"), (try body(["issuer": plane.vault.issuer]), "this TSM"),
            (try body(["jwks": ["keys": []]]), "no public EC key"), (try body(["jwks": ["keys": [rsa]]]), "no public EC key"), (try body(["jwks": ["keys": [privateKey]]]), "no public EC key"),
            (try body(keys: [key, SoftwareTokenSigner()]), "kid"), (try body(keys: [key, SoftwareTokenSigner(keyID: "k1")]), "kid"),
            (try body(["maximumLifetime": 59]), "maximumLifetime"), (try body(["maximumLifetime": 86_401]), "maximumLifetime"),
            (try body(["deviceAppClaim": "deviceAppId"]), "JSON Pointer"), (try body(["deviceKeyClaim": "/a~"]), "JSON Pointer"),
            (try body(["jwks": nil]), "jwks"),
        ]
        for (json, reason) in wrong {
            let answer = try await plane.callOperator(.post, path, json: json)
            #expect(answer.status == 400 && String(decoding: answer.body, as: UTF8.self).contains(reason), "\(json): \(String(decoding: answer.body, as: UTF8.self))")
        }
        #expect(try await plane.callOperator(.post, "/service-providers/nobody/token-issuers", json: try body()).status == 404)
        #expect(try await plane.callInternal("/internal/v1/token-issuers").decode([TokenIssuerDescriptor].self).isEmpty)
        // Among usable keys, others are skipped.
        let usable = try JSONSerialization.jsonObject(with: JSONEncoder().encode(key.publicKey))
        let mixed: TokenIssuerDescriptor = try await plane.callOperator(.post, path, json: try body(["jwks": ["keys": [rsa, usable]]])).decode()
        #expect(mixed.jwks.keys == [key.publicKey])
    }

    @Test func anIntegrityServiceIsRegisteredReplacedAndRemoved() async throws {
        let plane = try await Plane()
        let path = "/service-providers/\(plane.first.id)/device-integrity"
        func body(_ keys: [SoftwareTokenSigner], _ age: Int? = nil) throws -> String {
            let keys = String(decoding: try JSONEncoder().encode(JSONWebKeySet(keys: keys.map(\.publicKey))), as: UTF8.self)
            return "{\"jwks\": \(keys)\(age.map { ", \"maximumAge\": \($0)" } ?? "")}"
        }
        for method in [HTTPRequest.Method.get, .delete] { #expect(try await plane.callOperator(method, path).status == 404) }
        let set: DeviceIntegrityKeys = try await plane.callOperator(.put, path, json: try body([key])).decode()
        #expect(set == DeviceIntegrityKeys(serviceProviderId: plane.first.id, jwks: JSONWebKeySet(keys: [key.publicKey]), maximumAge: 300))
        let replaced: DeviceIntegrityKeys = try await plane.callOperator(.put, path, json: try body([key, next], 60)).decode()
        #expect(replaced.jwks.keys.count == 2 && replaced.maximumAge == 60)
        #expect(try await plane.callOperator(.get, path).decode(DeviceIntegrityKeys.self) == replaced)
        #expect(try await plane.callInternal("/internal/v1/device-integrity").decode([DeviceIntegrityKeys].self) == [replaced])
        for wrong in [try body([]), try body([key], 9), try body([key], 3601), try body([key, SoftwareTokenSigner()]), "{}"] {
            #expect(try await plane.callOperator(.put, path, json: wrong).status == 400, "\(wrong)")
        }
        #expect(try await plane.callOperator(.put, "/service-providers/nobody/device-integrity", json: try body([key])).status == 404)
        let before = try await plane.plane.internal.revisions(after: 0).current
        #expect(try await plane.callOperator(.delete, path).status == 204)
        #expect(try await plane.plane.internal.revisions(after: before).entries.map(\.change) == [.settingsChanged])
        #expect(try await plane.callInternal("/internal/v1/device-integrity").decode([DeviceIntegrityKeys].self).isEmpty)
    }
}
