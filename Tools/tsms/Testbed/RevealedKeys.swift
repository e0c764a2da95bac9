import Cryptography
import Foundation
import GlobalPlatform
import Identity
import ServiceKit

/// The bytes of keys that the testbed makes and that otherwise exist in vaults alone: for tests that look for them where they must not be.
struct RevealedKeys: Encodable, Sendable {
    struct Key: Encodable, Sendable {
        var name: String
        var value: HexBytes
    }

    var keys: [Key] = []

    mutating func add(_ name: String, _ key: SecretBytes) {
        keys.append(Key(name: name, value: HexBytes(key.withUnsafeBytes { [UInt8]($0) })))
    }

    /// For its owner only.
    func write(to path: String) throws {
        try AtomicFile.write(WireJSON.encode(self), to: path, mode: AtomicFile.secretMode)
    }
}
