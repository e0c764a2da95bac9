import ArgumentParser
import Cryptography
import Foundation
import GlobalPlatform
import KeyVaultAPI
import Testing
@testable import tsms

/// What custodians take away, and what the tools read back of it.
@Suite struct VaultCeremonyTests {
    private func scratch() throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("ceremony-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    private func files(_ directory: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: directory).sorted().map { "\(directory)/\($0)" } }

    private func run(_ arguments: String...) async throws {
        var command = try #require(try VaultCommand.parseAsRoot(arguments) as? any AsyncParsableCommand)
        try await command.run()
    }

    @Test func sharesOnPagesMakeTheKey() async throws {
        let directory = try scratch()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await run("ceremony", "root", "--threshold", "2", "--count", "3", "--out", directory, "--json")
        let pages = try files(directory)
        #expect(pages.map { ($0 as NSString).lastPathComponent } == ["root-key-share-1.txt", "root-key-share-2.txt", "root-key-share-3.txt"])
        let texts = try pages.map { try String(contentsOfFile: $0, encoding: .utf8) }
        let shares = try pages.map { try CeremonyPage.share(inFile: $0) }
        let key = try RootKeyShare.combine([shares[2], shares[0]])
        #expect(texts.allSatisfy { CeremonyPage.value("check value of the root key", in: $0) == (try? Hex.encode(aesKeyCheckValue(key))) })
        for page in pages { #expect(try FileManager.default.attributesOfItem(atPath: page)[.posixPermissions] as? Int == 0o600) }
        // The key itself is on no page.
        let digits = key.withUnsafeBytes { Hex.encode(Array($0)) }
        #expect(texts.allSatisfy { !$0.replacing("-", with: "").contains(digits) })
        // Nothing is overwritten, and a page that others may read is not taken.
        await #expect(throws: (any Error).self) { try await run("ceremony", "root", "--threshold", "2", "--count", "3", "--out", directory, "--json") }
        #expect(try CeremonyPage.share(inFile: pages[0]) == shares[0])
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: pages[0])
        #expect(throws: ToolFailure.self) { try CeremonyPage.share(inFile: pages[0]) }
    }

    @Test func componentsOnPagesMakeTheKey() async throws {
        let directory = try scratch()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await run("ceremony", "key", "--index", "issuer-1-transport", "--kind", "transport", "--components", "3", "--out", directory, "--json")
        let pages = try files(directory)
        let components = try pages.map { try KeyComponentPage(file: $0) }
        #expect(components.count == 3 && Set(components.map(\.checkValue)).count == 3 && Set(components.map(\.keyCheckValue)).count == 1)
        let key = try KeyComponents.combine(components.map(\.component.bytes))
        #expect(try aesKeyCheckValue(key) == components[0].keyCheckValue.bytes && key.count == 32)
        #expect(components[0].index == "issuer-1-transport" && components[0].kind == .transport)
        // A mistyped digit in component or check value.
        let text = try String(contentsOfFile: pages[0], encoding: .utf8)
        for name in ["component", "check value of this component"] {
            let value = try #require(CeremonyPage.value(name, in: text))
            let changed = value.replacing(try #require(value.last.map(String.init)), with: value.last == "0" ? "1" : "0")
            try Data(text.replacing("\(name): \(value)", with: "\(name): \(changed)").utf8).write(to: URL(fileURLWithPath: pages[0]))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pages[0])
            #expect(throws: ToolFailure.self) { try KeyComponentPage(file: pages[0]) }
        }
    }

    @Test func aDryRunWritesNothing() async throws {
        try await run("ceremony", "root", "--threshold", "2", "--count", "3", "--dry-run", "--json")
        try await run("ceremony", "key", "--index", "i", "--kind", "master", "--length", "16", "--dry-run", "--json")
        let page = CeremonyPage(title: "t", number: 1, secret: ("share", "x"), facts: [], instructions: [], isDryRun: true)
        let directory = try scratch()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = try page.write(to: directory, name: "dry")
        #expect(throws: ToolFailure.self) { try CeremonyPage.share(inFile: path) }
        #expect(throws: ToolFailure.self) { try KeyComponentPage(file: path) }
    }

    @Test(arguments: [
        ["ceremony", "root", "--threshold", "2", "--count", "3"], ["ceremony", "root", "--threshold", "2", "--count", "3", "--out", "x", "--dry-run"],
        ["ceremony", "key", "--index", "i", "--kind", "session", "--dry-run"], ["ceremony", "key", "--index", "i", "--kind", "master", "--components", "4", "--dry-run"],
        ["audit", "verify"], ["audit", "verify", "--store", "a", "--export", "b"],
    ]) func wrongUsage(arguments: [String]) {
        #expect(throws: (any Error).self) { try VaultCommand.parseAsRoot(arguments) }
    }
}
