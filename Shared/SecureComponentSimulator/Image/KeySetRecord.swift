import Cryptography
import GlobalPlatform

/// One key in a security domain: an AES key, or somebody's public key.
struct KeyRecord: Codable, Hashable, Sendable {
    var identifier: UInt8
    /// In the clear: this is the memory of the simulated chip. Empty for a public key.
    var value: HexBytes
    var publicKey: PublicKeyData?

    init(identifier: UInt8, value: HexBytes) {
        self.identifier = identifier
        self.value = value
    }

    init(identifier: UInt8, publicKey: PublicKeyData) {
        self.identifier = identifier
        value = HexBytes([])
        self.publicKey = publicKey
    }

    /// Bytes that it takes.
    var size: Int { value.bytes.count + (publicKey?.size ?? 0) }

    /// As the key information template has it.
    var components: [KeyInformation.Component] {
        guard let publicKey else { return [KeyInformation.Component(type: KeyType.aes, length: UInt8(clamping: value.bytes.count))] }
        return publicKey.components.map { KeyInformation.Component(type: $0.type, length: UInt8(clamping: $0.value.count)) }
    }

    /// Whether `other` has the same type and size, as one that replaces it must; of keys on a curve, the same curve.
    func isLike(_ other: KeyRecord) -> Bool {
        guard components == other.components else { return false }
        guard case .ellipticCurve(_, let curve) = publicKey, case .ellipticCurve(_, let otherCurve) = other.publicKey else { return true }
        return curve == otherCurve
    }

    func managementKey() throws(Refusal) -> ManagementKey {
        guard let publicKey else { return .aes(SecretBytes(copying: value.bytes)) }
        do { return try publicKey.verificationKey() } catch { throw Refusal(.noSpecificDiagnosis, error.description) }
    }
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

    /// Keys 1, 2 and 3 for a secure channel; nil while the set is incomplete, and for versions with another purpose.
    var staticKeys: SCP03StaticKeys? {
        guard opensSecureChannels, let enc = key(1), let mac = key(2), let dek = key(3) else { return nil }
        return try? SCP03StaticKeys(
            enc: SecretBytes(copying: enc.value.bytes), mac: SecretBytes(copying: mac.value.bytes), dek: SecretBytes(copying: dek.value.bytes))
    }

    /// Whether there are keys 1, 2 and 3 of one length, and the version is for secure channels.
    var opensSecureChannels: Bool {
        guard !ManagementKeyVersion.isReserved(version), let enc = key(1), let mac = key(2), let dek = key(3) else { return false }
        let lengths = Set([enc, mac, dek].map(\.value.bytes.count))
        return lengths.count == 1 && enc.value.bytes.count > 0
    }
}

extension SecurityDomainRecord {
    func keySet(_ version: UInt8) -> KeySetRecord? { keySets.first { $0.version == version } }
    func keySetIndex(_ version: UInt8) -> Int? { keySets.firstIndex { $0.version == version } }

    /// What INITIALIZE UPDATE with version 00 uses, and whose counter GET DATA answers: the oldest set that opens secure channels.
    var defaultKeySet: KeySetRecord? { keySets.first(where: \.opensSecureChannels) }

    /// Key 1 of one of the versions with a purpose of their own.
    func managementKey(_ version: UInt8) -> KeyRecord? { keySet(version)?.key(1) }
}
