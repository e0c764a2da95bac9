import Cryptography
import Foundation
import GlobalPlatform
import KeyVaultAPI

extension VaultEngine {
    /// Milliseconds since 1970, as the store has times.
    var milliseconds: Int64 { Int64((environment.now().timeIntervalSince1970 * 1000).rounded(.down)) }

    public func createKeySet(_ request: CreateKeySetRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> KeySetDescription {
        try await transact(VaultCall(.createKeySet, caller.identity), caller) { work, call in try work.createKeySet(request, &call) }
    }

    public func keySet(id: String, _ caller: VaultCaller) async throws(KeyVaultError) -> KeySetDescription {
        try await perform(VaultCall(.readKeySet, caller.identity, keys: [KeyReference.keySet(id: id).name]), caller) { _ in
            try await read { db in try KeySetRecord.require(id, db).description(db) }
        }
    }

    public func changeState(ofKeySet id: String, _ request: ChangeKeySetStateRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> KeySetDescription {
        try await transact(VaultCall(.changeKeySetState, caller.identity, keys: [KeyReference.keySet(id: id).name]), caller) { work, call in try work.changeState(ofKeySet: id, request, &call) }
    }

    static func requireTexts(owner: String, label: String) throws(KeyVaultError) {
        guard (1...128).contains(owner.utf8.count), label.utf8.count <= 256 else {
            throw KeyVaultError(.invalidRequest, "an owner of 1 to 128 bytes and a label of at most 256 are expected")
        }
    }
}

extension VaultWork {
    func createKeySet(_ request: CreateKeySetRequest, _ call: inout VaultCall) throws -> KeySetDescription {
        guard [16, 24, 32].contains(request.keyLength) else { throw KeyVaultError(.invalidRequest, "AES keys have 16, 24 or 32 bytes, not \(request.keyLength)") }
        guard (0x30...0x3F).contains(request.keyVersionNumber) else {
            throw KeyVaultError(.invalidRequest, "key versions of SCP03 are 30 to 3F, not \(Hex.encode([request.keyVersionNumber]))")
        }
        try VaultEngine.requireTexts(owner: request.owner, label: request.label)
        let id = environment.uuid()
        call.keys = [KeyReference.keySet(id: id).name]
        var index: String?
        var diversificationData: [UInt8]?
        let keys: SCP03StaticKeys
        switch request.origin {
        case .random:
            keys = try SCP03StaticKeys.random(keyLength: request.keyLength, using: environment.keyRandom)
        case .diversified(let masterKeyIndex, let given, let scheme):
            call.keys.append("master:\(masterKeyIndex)")
            let data = try given?.bytes ?? environment.publicRandom.bytes(10)
            keys = try derivedKeys(namedKey(masterKeyIndex, for: .diversifyKeySet, owner: request.owner), scheme, data)
            guard keys.keyLength == request.keyLength else {
                throw KeyVaultError(.invalidRequest, "master key \(masterKeyIndex) makes keys of \(keys.keyLength) bytes, not \(request.keyLength)")
            }
            (index, diversificationData) = (masterKeyIndex, data)
        }
        let record = try KeySetRecord(
            id: id, keys: keys, purpose: request.purpose, keyVersionNumber: request.keyVersionNumber, owner: request.owner, label: request.label,
            masterKeyIndex: index, keyDiversificationData: diversificationData, mayBeOnCard: false, sealer: sealer)
        call.detail = "\(request.purpose.rawValue), \(8 * request.keyLength) bits, version \(Hex.encode([request.keyVersionNumber])), owner \(request.owner)"
        return try insert(record)
    }

    func changeState(ofKeySet id: String, _ request: ChangeKeySetStateRequest, _ call: inout VaultCall) throws -> KeySetDescription {
        call.keys = [KeyReference.keySet(id: id).name]
        call.detail = "to \(request.state.rawValue)"
        var record = try KeySetRecord.require(id, db)
        guard KeySetTransition.isLegal(from: record.state, to: request.state, mayBeOnCard: record.mayBeOnCard) else {
            throw KeyVaultError(
                .wrongState, "key set \(id) is \(record.state.rawValue)\(record.mayBeOnCard ? " and may be on a card" : ""): it cannot become \(request.state.rawValue)")
        }
        if record.state != request.state {
            record.state = request.state
            if request.state == .destroyed { record.sealed = nil }
            try db.run(
                "UPDATE key_set SET state = ?, sealed = ?, changed_at = ? WHERE id = ?",
                [request.state.rawValue, record.sealed.map { Data($0) }, milliseconds, id])
        }
        return try record.description(db)
    }

    func insert(_ record: KeySetRecord) throws -> KeySetDescription {
        try record.insert(db, at: milliseconds)
        return try record.description(db)
    }
}
