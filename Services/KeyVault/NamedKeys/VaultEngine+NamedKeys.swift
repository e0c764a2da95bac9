import Cryptography
import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI

/// Transport and master keys: brought in by people from components, used by name.
extension VaultEngine {
    public func namedKeys(_ caller: VaultCaller) async throws(KeyVaultError) -> [NamedKeyDescription] {
        try await perform(VaultCall(.listNamedKeys, caller.identity), caller) { _ in
            try await read { db in try Row.fetchAll(db, sql: "SELECT * FROM named_key ORDER BY name").map(NamedKeyDescription.init(row:)) }
        }
    }

    public func importNamedKey(_ request: ImportNamedKeyRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> NamedKeyDescription {
        try await perform(VaultCall(.importNamedKey, caller.identity, keys: ["\(request.kind.rawValue):\(request.index.prefix(128))"]), caller) { call in
            guard (1...128).contains(request.index.utf8.count), request.index.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw KeyVaultError(.invalidRequest, "a key index has 1 to 128 printable ASCII characters without spaces")
            }
            try Self.requireTexts(owner: request.owner, label: "")
            if let checkValues = request.componentCheckValues { try KeyComponents.require(checkValues, of: request.components) }
            let key = try KeyComponents.combine(request.components.map(\.bytes))
            let checkValue = try aesKeyCheckValue(key)
            guard constantTimeEqual(checkValue, request.keyCheckValue.bytes) else {
                throw KeyVaultError(.keyCheckValueMismatch, "the components do not make the key with check value \(request.keyCheckValue): one of them is mistyped or missing")
            }
            let description = NamedKeyDescription(
                index: request.index, kind: request.kind, owner: request.owner, keyLength: key.count, keyCheckValue: HexBytes(checkValue))
            let taken = KeyVaultError(.wrongState, "there is a key with index \(request.index) already: keys are not overwritten, choose another index")
            guard try await read({ db in try db.row("SELECT 1 FROM named_key WHERE name = ?", [request.index]) == nil }) else { throw taken }
            call.detail = "\(request.components.count) components, \(8 * key.count) bits, check value \(Hex.encode(checkValue)), owner \(request.owner)"
            let (now, backend) = (milliseconds, backend)
            return try await keeping({ try backend.keep(key, kind: request.kind, index: request.index) }, call) { db, held, sealer in
                guard try db.row("SELECT 1 FROM named_key WHERE name = ?", [request.index]) == nil else { throw taken }
                try db.run(
                    "INSERT INTO named_key (name, kind, owner, key_length, key_check_value, sealed, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [request.index, request.kind.rawValue, request.owner, key.count, Data(checkValue), Data(try sealer.seal(held, row: request.index, .namedKey)), now])
                return description
            }
        }
    }

    /// Has the backend take a key in, and writes its row; if that cannot be done, the backend gives it up again.
    func keeping<Value: Sendable>(
        _ keep: @escaping @Sendable () throws -> SecretBytes, _ call: VaultCall, _ write: @escaping @Sendable (Database, SecretBytes, Sealer) throws -> Value
    ) async throws -> Value {
        let held = try await offLoop(keep)
        do {
            return try await commit(call) { [self] db in try write(db, held, try state.sealer()) }
        } catch {
            do {
                try await offLoop { [backend] in try backend.discard(held) }
            } catch let left {
                logger.error("a key that no row names stays in the token: remove it with the token's own tools", metadata: ["key": "\(call.keys.joined(separator: " "))", "error": "\(left)"])
            }
            throw error
        }
    }
}

/// A named key at work in a transaction.
struct NamedKey {
    let description: NamedKeyDescription
    /// What its row holds of it for the backend.
    let held: SecretBytes
}

/// What named keys are for. A transport key wraps and unwraps key sets, a master key derives: neither does anything else.
public enum NamedKeyUse: String, Sendable, CaseIterable {
    /// A key set's keys follow from it, for its owner.
    case diversifyKeySet
    /// A card's keys follow from it for the time of one operation: channels, cryptograms, reports.
    case deriveCardKeys
    case wrapKeySet, unwrapKeySet

    public var kind: NamedKeyDescription.Kind {
        switch self {
        case .diversifyKeySet, .deriveCardKeys: .master
        case .wrapKeySet, .unwrapKeySet: .transport
        }
    }
}

extension VaultWork {
    /// A named key for one use.
    /// - Parameter owner: who must own it; nil: anybody may.
    /// - Throws: `notFound` also for a key of another kind or owner: a foreign key is as one that does not exist.
    func namedKey(_ index: String, for use: NamedKeyUse, owner: String?) throws -> NamedKey {
        guard let row = try db.row("SELECT * FROM named_key WHERE name = ?", [index]), case let found = try NamedKeyDescription(row: row),
              found.kind == use.kind, owner == nil || owner == found.owner
        else { throw KeyVaultError(.notFound, "there is no \(use.kind.rawValue) key \(index.prefix(128))\(owner.map { " of owner \($0)" } ?? "")") }
        return NamedKey(description: found, held: try sealer.openSecret(row.bytes("sealed"), row: index, .namedKey))
    }

    /// A card's or domain's keys from a master key.
    func derivedKeys(_ master: NamedKey, _ scheme: KeyVaultAPI.DiversificationScheme, _ data: [UInt8]) throws -> SCP03StaticKeys {
        let scheme: GlobalPlatform.DiversificationScheme = switch scheme {
        case .kdf3: .kdf3
        case .emvCps11: .emvCPS11
        case .visa2: .visa2
        }
        return try backend.cardKeys(master: master.held, length: master.description.keyLength, scheme, keyDiversificationData: data)
    }
}

extension NamedKeyDescription {
    init(row: Row) throws(KeyVaultError) {
        guard let kind = Kind(rawValue: row["kind"]) else { throw KeyVaultError(.internalError, "a named key's row cannot be read") }
        self.init(index: row["name"], kind: kind, owner: row["owner"], keyLength: row["key_length"], keyCheckValue: HexBytes(row.bytes("key_check_value")))
    }
}
