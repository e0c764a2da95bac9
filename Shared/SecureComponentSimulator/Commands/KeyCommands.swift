import Cryptography
import GlobalPlatform

/// PUT KEY, and first keys by STORE DATA (GPCS 2.3.1, 11.8; Amendment D, 7.2; Amendment A, 4.2).
extension CardEngine {
    mutating func putKey(_ command: CommandAPDU, _ domain: ApplicationRecord, _ channel: SecureChannel) throws(Refusal) -> ResponseAPDU {
        if PutPublicKeyCommand.isPublic(command) { return try putPublicKey(command, domain) }
        let put = try Refusal.reading { () throws(FormatError) in try PutKeyCommand.parse(command) }
        var keys: [KeyRecord] = []
        var checkValues: [[UInt8]] = []
        for (offset, component) in put.components.enumerated() {
            let identifier = Int(put.firstIdentifier) + offset
            guard identifier <= 0x7F else { throw Refusal(.incorrectP1P2, "key identifiers end at 7F") }
            let (value, checkValue) = try decrypt(
                component.encryptedKey, length: component.keyLength, expectedCheckValue: component.checkValue, channel)
            keys.append(KeyRecord(identifier: UInt8(identifier), value: value))
            checkValues.append(checkValue)
        }
        if put.replacing == 0 {
            try addKeys(keys, version: put.newVersion, to: domain.aid)
        } else {
            try replaceKeys(put.replacing, by: keys, version: put.newVersion, in: domain.aid)
        }
        try personalizeIfComplete(domain.aid)
        return ResponseAPDU(data: PutKeyResponse(version: put.newVersion, checkValues: checkValues).bytes, statusWord: .success)
    }

    /// A public key to verify tokens or DAP blocks with; it has no check value.
    private mutating func putPublicKey(_ command: CommandAPDU, _ domain: ApplicationRecord) throws(Refusal) -> ResponseAPDU {
        let put = try Refusal.reading { () throws(FormatError) in try PutPublicKeyCommand.parse(command) }
        let key = KeyRecord(identifier: put.identifier, publicKey: put.key)
        if put.replacing == 0 {
            try addKeys([key], version: put.newVersion, to: domain.aid)
        } else {
            try replaceKeys(put.replacing, by: [key], version: put.newVersion, in: domain.aid)
        }
        return ResponseAPDU(data: PutKeyResponse(version: put.newVersion, checkValues: []).bytes, statusWord: .success)
    }

    /// The joined data of STORE DATA for a security domain: DGIs 00B9 and 8113, all keys or none.
    mutating func storeFirstKeys(_ set: FirstKeySet, in target: AID, _ channel: SecureChannel, isForwarding: Bool) throws(Refusal) {
        guard let data = image.application(target)?.domain else { throw Refusal(.referencedDataNotFound, "\(target) is no security domain") }
        guard !isForwarding || image.profile.firstKeys == .storeData else {
            throw Refusal(.incorrectData, "domains of this card get their first keys by PUT KEY, under the keys of their parents")
        }
        // Keys of a domain that has its own are its business, not its parent's.
        guard !isForwarding || data.keySets.isEmpty else { throw Refusal(.conditionsNotSatisfied, "\(target) has keys already") }
        var sets: [(version: UInt8, keys: [KeyRecord])] = []
        for key in set.keys {
            guard (0x01...0x7F).contains(key.version), (0x01...0x7F).contains(key.identifier) else {
                throw Refusal(.incorrectData, "key identifiers and versions are 01 to 7F")
            }
            let (value, _) = try decrypt(key.encryptedKey, length: key.length, expectedCheckValue: key.checkValue, channel)
            let record = KeyRecord(identifier: key.identifier, value: value)
            if let index = sets.firstIndex(where: { $0.version == key.version }) {
                guard !sets[index].keys.contains(where: { $0.identifier == key.identifier }) else { throw Refusal(.incorrectData, "a key comes twice") }
                sets[index].keys.append(record)
            } else {
                sets.append((key.version, [record]))
            }
        }
        for set in sets { try addKeys(set.keys, version: set.version, to: target) }
        try personalizeIfComplete(target)
    }

    private func decrypt(
        _ encrypted: [UInt8], length: Int, expectedCheckValue: [UInt8], _ channel: SecureChannel
    ) throws(Refusal) -> (value: HexBytes, checkValue: [UInt8]) {
        guard image.profile.keyLengths.contains(length) else {
            throw Refusal(.incorrectData, "this card takes AES keys of \(image.profile.keyLengths) bytes, not \(length)")
        }
        let key: SecretBytes
        let checkValue: [UInt8]
        do {
            key = try channel.staticKeys.decryptKeyData(encrypted, length: length)
        } catch {
            throw Refusal(.incorrectData, error.description)
        }
        do { checkValue = try aesKeyCheckValue(key) } catch { throw Refusal(.noSpecificDiagnosis, error.description) }
        guard expectedCheckValue.isEmpty || constantTimeEqual(expectedCheckValue, checkValue) else {
            throw Refusal(.securityStatusNotSatisfied, "the key check value is wrong")
        }
        return (HexBytes(key.withUnsafeBytes { [UInt8]($0) }), checkValue)
    }

    private mutating func addKeys(_ keys: [KeyRecord], version: UInt8, to domain: AID) throws(Refusal) {
        let maximum = image.profile.maximumKeySets
        try image.withDomain(domain) { (data: inout SecurityDomainRecord) throws(Refusal) in
            guard let index = data.keySetIndex(version) else {
                guard data.keySets.count < maximum else { throw Refusal(.notEnoughMemory, "\(domain) has \(maximum) key sets, the most it can") }
                data.keySets.append(KeySetRecord(version: version, keys: keys.sorted { $0.identifier < $1.identifier }))
                return
            }
            // A key set may be built key by key, but what is there is replaced, not added.
            guard !keys.contains(where: { data.keySets[index].key($0.identifier) != nil }) else {
                throw Refusal(.incorrectData, "key version \(Hex.encodeUpperCase([version])) is there already")
            }
            data.keySets[index].keys = (data.keySets[index].keys + keys).sorted { $0.identifier < $1.identifier }
        }
    }

    private mutating func replaceKeys(_ old: UInt8, by keys: [KeyRecord], version: UInt8, in domain: AID) throws(Refusal) {
        try image.withDomain(domain) { (data: inout SecurityDomainRecord) throws(Refusal) in
            guard let index = data.keySetIndex(old) else {
                throw Refusal(.referencedDataNotFound, "\(domain) has no key version \(Hex.encodeUpperCase([old]))")
            }
            guard version == old || data.keySet(version) == nil else {
                throw Refusal(.incorrectData, "key version \(Hex.encodeUpperCase([version])) is there already")
            }
            let present = data.keySets[index]
            for key in keys {
                guard let replaced = present.key(key.identifier) else {
                    throw Refusal(.referencedDataNotFound, "key \(key.identifier) of version \(Hex.encodeUpperCase([old])) is not there")
                }
                guard replaced.isLike(key) else { throw Refusal(.incorrectData, "a key is replaced by one of the same type and length") }
            }
            let isWhole = present.keys.allSatisfy { key in keys.contains { $0.identifier == key.identifier } }
            if isWhole {
                // A new set: its counter begins anew (Amendment D, 6.2.2.1).
                data.keySets[index] = KeySetRecord(version: version, keys: keys.sorted { $0.identifier < $1.identifier })
            } else {
                guard version == old else { throw Refusal(.incorrectData, "a version is changed for all keys of a set at once") }
                data.keySets[index].keys = present.keys.map { key in keys.first { $0.identifier == key.identifier } ?? key }
            }
        }
    }

    /// SELECTABLE becomes PERSONALIZED with the first complete key set.
    private mutating func personalizeIfComplete(_ domain: AID) throws(Refusal) {
        guard domain != image.issuerSecurityDomain, let index = image.applicationIndex(domain), let data = image.applications[index].domain else { return }
        guard image.profile.personalizesSecurityDomains || data.personalizesItself else { return }
        guard image.applications[index].lifeCycleState == SecurityDomainState.selectable.rawValue else { return }
        if data.defaultKeySet != nil {
            image.applications[index].lifeCycleState = SecurityDomainState.personalized.rawValue
        }
    }
}
