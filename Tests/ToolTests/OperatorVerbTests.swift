import ArgumentParser
import Foundation
import Testing
@testable import tsms

@Suite("tsms operator: what the words on the command line become") struct OperatorVerbTests {
    @Test("filters, limit and place become a query, encoded")
    func filters() throws {
        func path(_ words: [String]) throws -> String { try OperatorCommand.PartOptions.parse(words).path("/processes") }
        #expect(try path([]) == "/processes")
        #expect(try path(["--filter", "state=running", "--filter", "component=issuer/42 00", "--limit", "5", "--after", "17"])
            == "/processes?state=running&component=issuer%2F42%2000&limit=5&after=17")
        for words in [["--filter", "state"], ["--limit", "many"]] { #expect(throws: (any Error).self) { try path(words) } }
    }

    @Test("every verb of the handset plane is there, and those that interfere ask for a reason", arguments: [
        ["processes", "list"], ["processes", "show", "p"], ["processes", "end", "p", "--reason", "r"], ["instances", "list"], ["instances", "show", "i"],
        ["instances", "quarantine", "i", "--reason", "r"], ["instances", "lift", "i"], ["components", "list"], ["components", "show", "a/b"],
        ["components", "quarantine", "a/b", "--reason", "r"], ["components", "lift", "a/b"], ["key-sets", "release", "k", "--reason", "r"], ["results", "list"], ["results", "resend"], ["actions"],
    ])
    func verbs(_ words: [String]) throws {
        _ = try OperatorCommand.parseAsRoot(words + ["--dir", "testbed"])
        if let reason = words.firstIndex(of: "--reason") { #expect(throws: (any Error).self) { try OperatorCommand.parseAsRoot(Array(words[..<reason])) } }
    }

    @Test("kinds of the provider plane and their paths")
    func kinds() throws {
        #expect(try OperatorKind.tokenIssuers.path(of: "sp", "i d") == "/service-providers/sp/token-issuers/i%20d")
        #expect(try OperatorKind.deviceIntegrity.path(of: "sp") == "/service-providers/sp/device-integrity")
        for kind in [OperatorKind.tokenIssuers, .deviceIntegrity] { #expect(throws: ToolFailure.self) { try kind.path(of: nil) } }
    }

    @Test("a file's content is JSON where it is an object or list, and text otherwise")
    func files() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("tsms-body-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        func body(_ content: String) throws -> String {
            let file = directory.appendingPathComponent("file").path
            try Data(content.utf8).write(to: URL(fileURLWithPath: file))
            return String(decoding: try OperatorBody.bytes([BodyMember(name: "jwks", value: "@\(file)")]), as: UTF8.self)
        }
        #expect(try body(#"{"keys": []}"#) == #"{"jwks":{"keys":[]}}"#)
        #expect(try body("12345") == #"{"jwks":"12345"}"#)
        #expect(try body("-----BEGIN CERTIFICATE-----") == #"{"jwks":"-----BEGIN CERTIFICATE-----"}"#)
    }
}
