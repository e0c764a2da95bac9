import Foundation
import GlobalPlatform
import Identity
import Provisioning
import ServiceKit
@testable import SPTSMProvider
import TrustedServiceModel

/// A handset's report, taken apart by the layout of an order that was sent.
struct ReportTarget: FuzzTarget {
    static let name = "reports"
    private let layout = OrderLayout([
        OrderPiece(session: 0, part: .opening, commands: [HexBytes([0]), HexBytes([1])], steps: []),
        OrderPiece(session: 1, part: .whole, commands: (0..<6).map { HexBytes([$0]) }, steps: [OrderPiece.Step(name: "load", first: 0, count: 6)]),
    ])

    func run(_ bytes: [UInt8]) throws {
        let report = try WireJSON.decode(SERAM.Report.self, from: bytes)
        let parts = try ReportSplitter.split(report, by: layout)
        require(parts.count == 2 && parts[0].count <= 2 && parts[1].count <= 6 && (parts[0].count == 2 || parts[1].isEmpty), "a report came apart as \(parts.map(\.count))")
    }
}

/// Requests of the handset API.
struct HandsetBodyTarget: FuzzTarget {
    static let name = "handset-bodies"

    func run(_ bytes: [UInt8]) throws {
        func same<Body: Codable & Equatable>(_ type: Body.Type) throws {
            guard let body = try? WireJSON.decode(type, from: bytes) else { return }
            require(try WireJSON.decode(type, from: WireJSON.encode(body)) == body, "\(type) is another once encoded")
        }
        try same(HandsetAPI.RegistrationRequest.self)
        try same(HandsetAPI.CreateRequest.self)
        try same(HandsetAPI.DeployRequest.self)
        try same(HandsetAPI.UpdateRequest.self)
        try same(HandsetAPI.SuspensionRequest.self)
        try same(SERAM.Order.self)
    }
}

/// Bodies of the provider's REST API: JSON, then the rules of each entity.
struct ProviderBodyTarget: FuzzTarget {
    static let name = "provider-bodies"

    func run(_ bytes: [UInt8]) throws {
        let body = try JSONValue(parsing: bytes)
        for rules in EntityRules.all {
            do {
                let stored = try RuleChecker(rules: rules).create(body, assigned: [:])
                _ = try? RuleChecker(rules: rules).modify(body, stored: stored)
            } catch {
                require(!error.errorMessage.isEmpty, "\(rules.name): a refusal without words")
            }
        }
    }
}

/// Multipart bodies: what they contain does not depend on how the network cut them.
struct UploadTarget: FuzzTarget {
    static let name = "uploads"

    func run(_ bytes: [UInt8]) throws {
        guard let first = bytes.first else { return }
        let body = bytes.dropFirst(), cut = body.count * Int(first) / 256
        func parts(_ chunks: [ArraySlice<UInt8>]) throws -> [MultipartPart] {
            var parser = try MultipartParser(contentType: "multipart/form-data; boundary=b", maximumContent: 64)
            for chunk in chunks { try parser.append(chunk) }
            return try parser.finish()
        }
        let whole = Result { try parts([body]) }, pieces = Result { try parts([body.prefix(cut), body.dropFirst(cut)]) }
        require((try? whole.get()) == (try? pieces.get()), "a multipart body cut at \(cut) is another")
        require((try? whole.get())?.allSatisfy { $0.content.count <= 64 } ?? true, "more content is kept than allowed")
    }
}

/// Access tokens and the device's proofs.
struct TokenTarget: FuzzTarget {
    static let name = "tokens"

    func run(_ bytes: [UInt8]) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        _ = try? JSONDecoder().decode(JSONWebKeySet.self, from: Data(bytes))
        _ = try? AccessTokenVerifier.claimedIssuer(of: text)
        let verifier = AccessTokenVerifier(issuer: "i", audience: "a", keys: JSONWebKeySet(keys: []), maximumLifetime: 60)
        require((try? verifier.verify(text, now: Date(timeIntervalSince1970: 1_800_000_000))) == nil, "a token without a key was accepted")
        let proofs = DPoPVerifier(replays: MemoryReplayCache())
        _ = try? proofs.verify(text, method: "POST", url: "https://tsm.example/x", accessToken: nil, deviceKeyThumbprint: nil, now: Date(timeIntervalSince1970: 1_800_000_000))
    }
}
