import Cryptography
import Foundation
import GlobalPlatform
import KeyVaultAPI

/// How key sets travel between vaults: each key wrapped under a named transport key (RFC 3394), with check values beside it.
extension VaultEngine {
    public func importKeySet(_ request: ImportKeySetRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> KeySetDescription {
        try await transact(VaultCall(.importKeySet, caller.identity, keys: ["transport:\(request.wrapped.transportKeyIndex)"]), caller) { work, call in try work.importKeySet(request, &call) }
    }

    public func exportKeySet(id: String, _ request: ExportKeySetRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> WrappedKeySet {
        try await transact(VaultCall(.exportKeySet, caller.identity, keys: [KeyReference.keySet(id: id).name]), caller) { work, call in try work.exportKeySet(id: id, request, &call) }
    }
}

extension VaultWork {
    func importKeySet(_ request: ImportKeySetRequest, _ call: inout VaultCall) throws -> KeySetDescription {
        let wrapped = request.wrapped
        call.keys = ["transport:\(wrapped.transportKeyIndex)"]
        try VaultEngine.requireTexts(owner: request.owner, label: request.label)
        guard (0x01...0x7F).contains(wrapped.keyVersionNumber) else {
            throw KeyVaultError(.invalidRequest, "key versions are 01 to 7F, not \(Hex.encode([wrapped.keyVersionNumber]))")
        }
        guard wrapped.keyCheckValues.count == 3 else { throw KeyVaultError(.invalidRequest, "three key check values are expected, for ENC, MAC and DEK") }
        let transport = try namedKey(wrapped.transportKeyIndex, for: .unwrapKeySet, owner: nil)
        let unwrapped: [SecretBytes]
        do {
            unwrapped = try backend.unwrap([wrapped.enc, wrapped.mac, wrapped.dek].map(\.bytes), under: transport.held)
        } catch where KeyVaultError(mapping: error).code == .unwrapFailed {
            throw KeyVaultError(.unwrapFailed, "the keys do not unwrap under transport key \(wrapped.transportKeyIndex): another transport key, or altered on their way")
        }
        let keys = try SCP03StaticKeys(enc: unwrapped[0], mac: unwrapped[1], dek: unwrapped[2])
        guard try zip(keys.keyCheckValues(), wrapped.keyCheckValues).allSatisfy({ constantTimeEqual($0, $1.bytes) }) else {
            throw KeyVaultError(.keyCheckValueMismatch, "the check values of the imported keys are not those that came with them")
        }
        let record = try KeySetRecord(
            id: environment.uuid(), keys: keys, purpose: request.purpose, keyVersionNumber: wrapped.keyVersionNumber, owner: request.owner,
            label: request.label, masterKeyIndex: nil, keyDiversificationData: nil, mayBeOnCard: true, sealer: sealer)
        call.keys.append(KeyReference.keySet(id: record.id).name)
        call.detail = "\(request.purpose.rawValue), version \(Hex.encode([wrapped.keyVersionNumber])), owner \(request.owner)"
        return try insert(record)
    }

    func exportKeySet(id: String, _ request: ExportKeySetRequest, _ call: inout VaultCall) throws -> WrappedKeySet {
        let index = request.transportKeyIndex
        call.keys = [KeyReference.keySet(id: id).name, "transport:\(index)"]
        let record = try KeySetRecord.require(id, db)
        try KeySetPolicy.require(.export, of: record)
        // Whoever holds the transport key reads the keys: it must be the owner's own.
        let transport = try namedKey(index, for: .wrapKeySet, owner: record.owner)
        if let before = record.exportedUnder {
            throw KeyVaultError(.alreadyExported, "key set \(id) was exported before, under transport key \(before): it leaves the vault once")
        }
        let keys = try record.staticKeys(sealer)
        let wrapped = try backend.wrap(keys.all, under: transport.held).map { HexBytes($0) }
        try db.run("UPDATE key_set SET exported_under = ?, changed_at = ? WHERE id = ?", [index, milliseconds, id])
        return WrappedKeySet(
            transportKeyIndex: index, keyVersionNumber: record.keyVersionNumber, enc: wrapped[0], mac: wrapped[1], dek: wrapped[2],
            keyCheckValues: record.checkValues)
    }
}
