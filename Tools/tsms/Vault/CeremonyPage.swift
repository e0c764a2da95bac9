import Cryptography
import Foundation
import GlobalPlatform
import Identity
import KeyVaultAPI
import ServiceKit

/// What one custodian takes away from a ceremony: a page of text, for one person alone. Lines `name: value` are read back by the tools.
struct CeremonyPage: Sendable {
    let title: String
    let number: Int
    /// What is secret, as `name: value`.
    let secret: (name: String, value: String)
    /// What everybody may know and compare.
    let facts: [(name: String, value: String)]
    let instructions: [String]
    var isDryRun = false

    var text: String {
        var lines = [title, String(repeating: "=", count: title.count), ""]
        if isDryRun { lines += ["DRY RUN: these values were thrown away and open nothing.", ""] }
        lines += ["For one custodian alone. Whoever reads the secret line has what you have.", ""]
        lines += facts.map { "\($0.name): \($0.value)" }
        lines += ["", "\(secret.name): \(secret.value)", ""]
        lines += instructions
        return lines.joined(separator: "\n") + "\n"
    }

    /// Readable for its owner alone; nothing is overwritten.
    func write(to directory: String, name: String) throws -> String {
        let path = "\(directory)/\(name)-\(number).txt"
        guard !FileManager.default.fileExists(atPath: path) else { throw ToolFailure("\(path) is there already: nothing is overwritten") }
        try AtomicFile.write(Array(text.utf8), to: path, mode: AtomicFile.secretMode)
        return path
    }

    /// The value of a line `name: value` of a page.
    static func value(_ name: String, in text: String) -> String? {
        text.split(separator: "\n").first { $0.hasPrefix(name + ": ") }.map { $0.dropFirst(name.count + 2).trimmingCharacters(in: .whitespaces) }
    }

    /// A share, from a page or alone in a file.
    static func share(inFile path: String) throws -> RootKeyShare {
        let text = try secretText(path)
        guard !text.contains("\nDRY RUN") else { throw ToolFailure("\(path) is of a dry run: its share opens nothing") }
        return try refusing { try RootKeyShare(text: value("share", in: text) ?? text) }
    }

    /// A file that only its owner may read.
    static func secretText(_ path: String) throws -> String {
        do throws(ConfigurationError) {
            return String(decoding: try SecretFile(path: path).read(maximumBytes: 16384), as: UTF8.self)
        } catch {
            throw ToolFailure(error.reason)
        }
    }
}

/// A component of a key that two domains share, as its page has it.
struct KeyComponentPage: Sendable {
    let component: HexBytes
    let checkValue: HexBytes
    let keyCheckValue: HexBytes
    let index: String
    let kind: NamedKeyDescription.Kind

    init(file path: String) throws {
        let text = try CeremonyPage.secretText(path)
        guard !text.contains("\nDRY RUN") else { throw ToolFailure("\(path) is of a dry run: it is no component of any key") }
        func value(_ name: String) throws(ToolFailure) -> String {
            guard let value = CeremonyPage.value(name, in: text) else { throw ToolFailure("\(path) has no line '\(name): …'") }
            return value
        }
        func bytes(_ name: String) throws(ToolFailure) -> HexBytes {
            do { return try HexBytes(hex: try value(name).filter { $0 != "-" && $0 != " " }) } catch { throw ToolFailure("\(path): '\(name)' is not hexadecimal") }
        }
        component = try bytes("component")
        checkValue = try bytes("check value of this component")
        keyCheckValue = try bytes("check value of the key")
        index = try value("index")
        guard let kind = NamedKeyDescription.Kind(rawValue: try value("kind")) else { throw ToolFailure("\(path): kind is transport or master") }
        self.kind = kind
        do throws(KeyVaultError) {
            try KeyComponents.require([checkValue], of: [component])
        } catch {
            throw ToolFailure("\(path): \(error.reason)")
        }
    }
}
