import DeploymentDocument
import Foundation
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

@Suite struct OperatorTests {
    private func code(_ answer: Plane.Answer) throws -> String? { try answer.json.object?["code"]?.string }

    @Test func wholeSetUpOverTheRoutes() async throws {
        let plane = try await Plane()
        let made = try await plane.callOperator(.post, "/service-providers", json: """
            {"name": "Third", "aidPrefixes": ["A000000999"], "deviceApps": ["\(String(repeating: "0a", count: 20))"],
             "keyIndexes": [{"index": "m1", "kind": "master", "kcv": "a1b2c3", "modes": [1]}]}
            """)
        #expect(made.status == 201)
        let provider: OperatorAPI.ServiceProviderRecord = try made.decode()
        #expect(provider.keyIndexes == [.init(index: "m1", kind: .master, kcv: "a1b2c3", modes: [1])])
        let issued = try await plane.callOperator(.post, "/service-providers/\(provider.id)/tokens", json: #"{"label": "backend"}"#)
        #expect(issued.status == 201)
        let token = try issued.decode(OperatorAPI.IssuedToken.self)
        let short = try await plane.call(.post, "/auth", authorization: token.longTermToken).decode(String.self)
        #expect(try await plane.call(.get, "/serviceproviders/current", authorization: short).decode(ServiceProvider.self).name == "Third")
        #expect(try await plane.callOperator(.put, "/service-providers/\(provider.id)/client-certificate", json: #"{"sha256": "\#(String(repeating: "00", count: 32))"}"#).status == 200)
        #expect(try await plane.call(.get, "/services", authorization: short).category == 1000)
        #expect(try await plane.callOperator(.put, "/service-providers/\(provider.id)/client-certificate", json: "{}").status == 200)
        #expect(try await plane.call(.get, "/services", authorization: short).status == 200)
        #expect(try await plane.callOperator(.post, "/service-providers/\(provider.id)/key-indexes", json: #"{"index": "t1", "kind": "transport", "kcv": "00", "modes": [2, 3]}"#).status == 200)
        #expect(try await plane.callOperator(.delete, "/service-providers/\(provider.id)/tokens/\(token.id)").status == 204)
        let records: [OperatorAPI.TokenRecord] = try await plane.callOperator(.get, "/service-providers/\(provider.id)/tokens").decode()
        #expect(records.count == 1 && records[0].revoked != nil)
        #expect(try await plane.callOperator(.get, "/service-providers").decode([OperatorAPI.ServiceProviderRecord].self).count == 3)
        #expect(try await plane.callOperator(.get, "/secure-component-profiles").decode([OperatorAPI.NewProfile].self).count == 2)
        #expect(try await plane.callOperator(.get, "/issuers").decode([IssuerDescriptor].self).count == 1)
    }

    @Test func onlyTheOperatorMay() async throws {
        let plane = try await Plane()
        for peer in [Plane.gateway, Plane.handset] { #expect(try await plane.callOperator(.get, "/service-providers", peer: peer).status == 403) }
    }

    @Test func wrongEntriesAreRefusedWithTheReason() async throws {
        let plane = try await Plane()
        let wrong: [(path: String, body: String, status: Int, code: String)] = [
            ("/service-providers", #"{"name": "", "aidPrefixes": ["A000000999"]}"#, 400, "invalidRequest"),
            ("/service-providers", #"{"name": "x", "aidPrefixes": []}"#, 400, "invalidRequest"),
            ("/service-providers", #"{"name": "x", "aidPrefixes": ["A0000009"]}"#, 400, "invalidRequest"),
            ("/service-providers", #"{"name": "x", "aidPrefixes": ["F054534D5301"]}"#, 409, "conflict"),
            ("/service-providers", #"{"name": "x", "aidPrefixes": ["A000000999"], "deviceApps": ["00"]}"#, 400, "invalidRequest"),
            ("/service-providers", #"{"name": "x", "aidPrefixes": ["A000000999"], "keyIndexes": [{"index": "a", "kind": "master", "kcv": "00", "modes": [2]}]}"#, 400, "invalidRequest"),
            ("/service-providers/nobody/tokens", #"{"label": "x"}"#, 404, "notFound"),
            ("/issuers", #"{"name": "x", "seiURL": "http://a", "caPEM": "", "expectedPeer": "dns:a", "issuerIdentificationNumbers": [], "transportKeyIndex": "t"}"#, 400, "invalidRequest"),
        ]
        for entry in wrong {
            let answer = try await plane.callOperator(.post, entry.path, json: entry.body)
            #expect(answer.status == entry.status, "\(entry.body)")
            #expect(try code(answer) == entry.code, "\(entry.body)")
        }
        #expect(try await plane.callOperator(.get, "/service-providers").decode([OperatorAPI.ServiceProviderRecord].self).count == 2)
        let issuer = try #require(try await plane.plane.operator.issuers().first).id
        let fresh = SecureComponentProfile(id: "", name: "n", scType: 1, hardwarePlatform: "h", os: "o", osVersion: "1", javaCardVersion: "3.0.4")
        var outOfRange = fresh
        outOfRange.scType = 5
        for (issuer, profile, expected) in [("nobody", fresh, OperatorError.Code.notFound), (issuer, plane.profile304, .conflict), (issuer, outOfRange, .invalidRequest)] {
            do {
                _ = try await plane.plane.operator.createProfile(.init(issuerId: issuer, profile: profile))
                Issue.record("\(expected) was expected")
            } catch let error as OperatorError {
                #expect(error.code == expected)
            }
        }
    }
}
