import Foundation
import GlobalPlatform
import Hummingbird
import Identity
import SEIAPI
import ServiceKit
import Testing
import Yams
@testable import SEITSMService

@Suite struct APIDescriptionTests {
    private static let text = String(decoding: APIDocument.sei.bytes, as: UTF8.self)

    @Test func everyRouteIsDescribedAndEveryDescriptionIsServed() async throws {
        let described = try operations()
        #expect(described.count == 14)
        try await withBench { bench in
            let router = try SEIRoutes.router(engine: bench.engine, operators: try AllowList([try AllowedPeer("spiffe://issuer-1.example/operator")]))
            let served = Set(router.routes.map { route in
                let path = route.path.description.split(separator: "/").map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0) }.joined(separator: "/")
                return "\(route.method.rawValue) /\(path)"
            })
            #expect(served == described)
        }
    }

    @Test func errorCodesAreAllDescribed() throws {
        let root = try #require(try Yams.load(yaml: Self.text) as? [String: Any])
        let schemas = try #require((root["components"] as? [String: Any])?["schemas"] as? [String: Any])
        let problem = try #require((schemas["Problem"] as? [String: Any])?["properties"] as? [String: Any])
        let codes = try #require((problem["code"] as? [String: Any])?["enum"] as? [String])
        #expect(Set(codes) == Set(SEIError.Code.allCases.map(\.rawValue)))
    }

    /// Members of our own documents, as they are encoded, are the ones described.
    @Test func membersAreTheDescribedOnes() throws {
        let session = SEI.Session(status: .ready, commands: [], steps: [SEI.Step(name: "x", first: 0, count: 1)], registry: [])
        let dialog = SEI.Dialog(dialogId: "d", status: .open, sessions: [session], firstKeySets: [], failure: "f", expiresAt: "t")
        try expectMembers(of: dialog, "Dialog")
        try expectMembers(of: session, "Session")
        // Issuers that do not know `proven` leave it out.
        #expect(try WireJSON.decode(SEI.Session.self, from: Array(#"{"status":"verified","commands":[],"steps":[],"registry":[]}"#.utf8)).proven)
        #expect(try !WireJSON.decode(SEI.Session.self, from: Array(#"{"status":"verified","commands":[],"steps":[],"registry":[],"proven":false}"#.utf8)).proven)
        try expectMembers(of: SEI.SessionResults(session: 0, responses: [], following: [SEI.FollowingResults(session: 1, responses: [])]), "SessionResults")
        try expectMembers(of: SEI.FollowingResults(session: 1, responses: []), "FollowingResults")
        try expectMembers(of: SEI.EligibilityVerdict(eligible: true, reason: "r", secureComponent: try BenchCard().entry.component().published), "EligibilityVerdict")
        var component = try BenchCard().entry.component()
        component.sequenceCounter = 1
        component.lifeCycle = "x"
        try expectMembers(of: component.published, "SecureComponent")
        try expectMembers(of: component, "InventoryComponent")
        let aid = try aid(Domain.hex)
        for operation in [try Domain.creation(), .deleteSecurityDomain(aid: aid), .status(aid: aid),
                          .addAccessRules([SEI.AccessRule(aid: aid, deviceAppId: HexBytes(Domain.app), apdu: true, nfc: true)]), .removeAccessRules([])] as [SEI.Operation] {
            let members = try members(of: operation)
            #expect(members.count == 1)
            #expect(try described("Operation").isSuperset(of: members))
            #expect(try WireJSON.decode(SEI.Operation.self, from: WireJSON.encode(operation)) == operation)
        }
        try expectMembers(of: SEI.AccessRule(aid: aid, deviceAppId: HexBytes(Domain.app), apdu: true, nfc: true), "AccessRule")
    }

    @Test(arguments: ["{}", "{\"status\":{}}", "{\"burn\":{}}", "{\"status\":{\"aid\":\"f054534d5301\"},\"deleteSecurityDomain\":{\"aid\":\"f054534d5301\"}}", "[]", "{\"status\":{\"aid\":\"f0\"}}"])
    func operationsThatAreNone(json: String) {
        #expect(throws: DecodingError.self) { try WireJSON.decode(SEI.Operation.self, from: Array(json.utf8)) }
    }

    private func expectMembers(of value: some Encodable, _ schema: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try members(of: value) == described(schema), sourceLocation: sourceLocation)
    }

    private func members(of value: some Encodable) throws -> Set<String> {
        Set(try #require(try JSONSerialization.jsonObject(with: Data(WireJSON.encode(value))) as? [String: Any]).keys)
    }

    private func described(_ schema: String) throws -> Set<String> {
        let root = try #require(try Yams.load(yaml: Self.text) as? [String: Any])
        let schemas = try #require((root["components"] as? [String: Any])?["schemas"] as? [String: Any])
        return Set(try #require((schemas[schema] as? [String: Any])?["properties"] as? [String: Any]).keys)
    }

    /// "GET /sei/v1/…" of the document.
    private func operations() throws -> Set<String> {
        let root = try #require(try Yams.load(yaml: Self.text) as? [String: Any])
        let paths = try #require(root["paths"] as? [String: Any])
        var operations: Set<String> = []
        for (path, item) in paths {
            for method in try #require(item as? [String: Any]).keys where method != "parameters" { operations.insert("\(method.uppercased()) \(SEI.basePath)\(path)") }
        }
        return operations
    }
}
