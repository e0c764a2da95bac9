import Cryptography
import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI

/// Transport and master keys: brought in by people from components, used by name.
extension VaultEngine {
    public func namedKeys(_ caller: VaultCaller) async throws(KeyVaultError) -> [NamedKeyDescription] {
        try await perform(VaultCall(.listNamedKeys, caller.identity), caller) { _, _ in
            try await read { db in try Row.fetchAll(db, sql: "SELECT * FROM named_key ORDER BY name").map(NamedKeyDescription.init(row:)) }
        }
    }

    public func importNamedKey(_ request: ImportNamedKeyRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> NamedKeyDescription {
        try await perform(VaultCall(.importNamedKey, caller.identity, keys: ["\(request.kind.rawValue):\(request.index.prefix(128))"]), caller) { call, sealer in
            guard (1...128).contains(request.index.utf8.count), request.index.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw KeyVaultError(.invalidRequest, "a key index has 1 to 128 printable ASCII characters without spaces")
            }
            try Self.requireTexts(owner: request.owner, label: "")
            let key = try combine(request.components)
            let checkValue = try aesKeyCheckValue(key)
            guard constantTimeEqual(checkValue, request.keyCheckValue.bytes) else {
                throw KeyVaultError(.keyCheckValueMismatch, "the components do not make the key with check value \(request.keyCheckValue): one of them is mistyped or missing")
            }
            let description = NamedKeyDescription(
                index: request.index, kind: request.kind, owner: request.owner, keyLength: key.count, keyCheckValue: HexBytes(checkValue))
            let sealed = try sealer.seal(key, row: request.index, .namedKey)
            let now = milliseconds
            call.detail = "\(request.components.count) components, \(8 * key.count) bits, check value \(Hex.encode(checkValue)), owner \(request.owner)"
            return try await commit(call) { db in
                guard try db.row("SELECT 1 FROM named_key WHERE name = ?", [request.index]) == nil else {
                    throw KeyVaultError(.wrongState, "there is a key with index \(request.index) already: keys are not overwritten, choose another index")
                }
                try db.run(
                    "INSERT INTO named_key (name, kind, owner, key_length, key_check_value, sealed, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [request.index, request.kind.rawValue, request.owner, key.count, Data(checkValue), Data(sealed), now])
                return description
            }
        }
    }

    /// XOR of two or more components of equal length, so that no single person ever held the key.
    private func combine(_ components: [HexBytes]) throws(KeyVaultError) -> SecretBytes {
        guard (2...8).contains(components.count), let length = components.first?.bytes.count, [16, 24, 32].contains(length),
              components.allSatisfy({ $0.bytes.count == length })
        else { throw KeyVaultError(.invalidRequest, "2 to 8 components of 16, 24 or 32 bytes alike are expected") }
        let key = SecretBytes(count: length) { buffer in
            for component in components {
                for place in 0..<length { buffer[place] ^= component.bytes[place] }
            }
        }
        guard key != SecretBytes(count: length, initializingWith: { _ in }) else {
            throw KeyVaultError(.invalidRequest, "the components cancel each other out: two are the same")
        }
        return key
    }
}

extension VaultWork {
    /// The bytes of a named key.
    /// - Parameter owner: who must own it; nil: anybody may.
    /// - Throws: `notFound` also for a key of another kind or owner: a foreign key is as one that does not exist.
    func namedKey(_ index: String, _ kind: NamedKeyDescription.Kind, owner: String?) throws -> SecretBytes {
        guard let row = try db.row("SELECT * FROM named_key WHERE name = ?", [index]), case let found = try NamedKeyDescription(row: row),
              found.kind == kind, owner == nil || owner == found.owner
        else { throw KeyVaultError(.notFound, "there is no \(kind.rawValue) key \(index.prefix(128))\(owner.map { " of owner \($0)" } ?? "")") }
        return try sealer.openSecret(row.bytes("sealed"), row: index, .namedKey)
    }
}

extension NamedKeyDescription {
    init(row: Row) throws(KeyVaultError) {
        guard let kind = Kind(rawValue: row["kind"]) else { throw KeyVaultError(.internalError, "a named key's row cannot be read") }
        self.init(index: row["name"], kind: kind, owner: row["owner"], keyLength: row["key_length"], keyCheckValue: HexBytes(row.bytes("key_check_value")))
    }
}
