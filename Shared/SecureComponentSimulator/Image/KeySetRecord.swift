import Cryptography
import GlobalPlatform

/// One AES key in a security domain.
struct KeyRecord: Codable, Hashable, Sendable {
    var identifier: UInt8
    /// In the clear: this is the memory of the simulated chip.
    var value: HexBytes
}

/// The keys of one version.
struct KeySetRecord: Codable, Hashable, Sendable {
    var version: UInt8
    /// By ascending identifier.
    var keys: [KeyRecord]
    /// As last used; 0 after the set was created or replaced (Amendment D, 6.2.2.1).
    var sequenceCounter: UInt32 = 0
    /// Wrong host cryptograms in a row.
    var failedAuthentications = 0

    func key(_ identifier: UInt8) -> KeyRecord? { keys.first { $0.identifier == identifier } }

    /// Keys 1, 2 and 3 for a secure channel; nil while the set is incomplete.
    var staticKeys: SCP03StaticKeys? {
        guard let enc = key(1), let mac = key(2), let dek = key(3) else { return nil }
        return try? SCP03StaticKeys(
            enc: SecretBytes(copying: enc.value.bytes), mac: SecretBytes(copying: mac.value.bytes), dek: SecretBytes(copying: dek.value.bytes))
    }
}

extension SecurityDomainRecord {
    func keySet(_ version: UInt8) -> KeySetRecord? { keySets.first { $0.version == version } }
    func keySetIndex(_ version: UInt8) -> Int? { keySets.firstIndex { $0.version == version } }
}
