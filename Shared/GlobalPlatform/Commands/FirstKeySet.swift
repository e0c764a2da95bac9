/// The first keys of a security domain by INSTALL [for personalization] and STORE DATA (GlobalPlatform Amendment A, 4.2 and GPCS 2.3.1, 11.11.4.3):
/// for each key the data grouping 00B9, which describes it, and 8113, its value encrypted under a data encryption key.
public struct FirstKeySet: Hashable, Sendable {
    public struct Key: Hashable, Sendable {
        /// 95: key usage qualifier.
        public var usage: UInt8
        /// 96: key access; 00 = the security domain and its applications.
        public var access: UInt8
        /// 81: bytes of the AES key: 16, 24, 32.
        public var length: Int
        /// 82 and 83.
        public var identifier: UInt8
        public var version: UInt8
        /// 84: three bytes, or none.
        public var checkValue: [UInt8]
        /// 8113: 16 or 32 bytes.
        public var encryptedKey: [UInt8]

        public init(usage: UInt8, access: UInt8 = 0x00, length: Int, identifier: UInt8, version: UInt8, checkValue: [UInt8], encryptedKey: [UInt8]) {
            self.usage = usage
            self.access = access
            self.length = length
            self.identifier = identifier
            self.version = version
            self.checkValue = checkValue
            self.encryptedKey = encryptedKey
        }
    }

    public var keys: [Key]

    public init(keys: [Key]) {
        self.keys = keys
    }

    /// ENC, MAC and DEK of one version, from components as PUT KEY has them, in this order.
    public init(version: UInt8, encryption: PutKeyCommand.Component, mac: PutKeyCommand.Component, dataEncryption: PutKeyCommand.Component) {
        let parts: [(UInt8, UInt8, PutKeyCommand.Component)] = [(KeyType.usageOfEncryptionKey, 1, encryption), (KeyType.usageOfMACKey, 2, mac),
                                                                (KeyType.usageOfDataEncryptionKey, 3, dataEncryption)]
        keys = parts.map { usage, identifier, component in
            Key(usage: usage, length: component.keyLength, identifier: identifier, version: version,
                checkValue: component.checkValue, encryptedKey: component.encryptedKey)
        }
    }

    static let structure = "first keys"

    /// The data groupings in order: 00B9, 8113, 00B9, 8113, …
    public func groupings() throws(FormatError) -> [DGI] {
        var groupings: [DGI] = []
        for key in keys {
            try PutKeyCommand.Component(keyLength: key.length, encryptedKey: key.encryptedKey, checkValue: key.checkValue).check(FirstKeySet.structure)
            var reference = [TLV(0x95, [key.usage]), TLV(0x96, [key.access]), TLV(0x80, [KeyType.aes]), TLV(0x81, [UInt8(key.length)]),
                             TLV(0x82, [key.identifier]), TLV(0x83, [key.version])]
            if !key.checkValue.isEmpty { reference.append(TLV(0x84, key.checkValue)) }
            groupings.append(DGI(0x00B9, TLV(0xB9, reference).bytes))
            groupings.append(DGI(0x8113, key.encryptedKey))
        }
        return groupings
    }

    /// STORE DATA with P1 88 (or A8, `applicationDependent`), data groupings whole.
    public func commands(maximumPayload: Int, encryption: StoreDataCommand.Encryption = .none) throws(FormatError) -> [StoreDataCommand] {
        var units: [[UInt8]] = []
        for grouping in try groupings() { units.append(try grouping.encoded()) }
        return try StoreDataCommand.pack(units, structure: .dgi, encryption: encryption, maximumPayload: maximumPayload)
    }

    /// Reads the joined data of the STORE DATA commands. References may come one by one before their values, or all before all values.
    public init(parsing data: [UInt8]) throws(FormatError) {
        var pending: [Key] = []
        var keys: [Key] = []
        for grouping in try DGI.parseAll(data) {
            switch grouping.identifier {
            case 0x00B9: pending += try FirstKeySet.references(grouping.data)
            case 0x8113:
                var values = FieldReader(grouping.data, structure: FirstKeySet.structure)
                while !values.isAtEnd {
                    guard !pending.isEmpty else { throw FormatError(.data, FirstKeySet.structure, "8113", "a key value has no reference before it") }
                    var key = pending.removeFirst()
                    guard let length = KeyType.encryptedLength(ofAESKey: key.length) else {
                        throw FormatError(.data, FirstKeySet.structure, "81", "\(key.length) bytes are no AES key")
                    }
                    key.encryptedKey = try values.take(length, "8113")
                    keys.append(key)
                }
            default: throw FormatError(.data, FirstKeySet.structure, grouping.description, "only 00B9 and 8113 are known")
            }
        }
        guard pending.isEmpty, !keys.isEmpty else { throw FormatError(.data, FirstKeySet.structure, "8113", "a key value is missing") }
        self.keys = keys
    }

    private static func references(_ data: [UInt8]) throws(FormatError) -> [Key] {
        var keys: [Key] = []
        for reference in try TLV.read(data, structure, "00B9") {
            guard reference.tag == 0xB9 else { throw FormatError(.data, structure, "00B9", "B9 was expected, not \(reference.tag)") }
            let objects = try reference.read(structure)
            func byte(_ tag: TLVTag) throws(FormatError) -> UInt8 {
                guard let object = objects.first(tag), object.value.count == 1 else { throw FormatError(.data, structure, "\(tag)", "one byte was expected") }
                return object.value[0]
            }
            guard try byte(0x80) == KeyType.aes else { throw FormatError(.data, structure, "80", "only 88 (AES) is supported") }
            let checkValue = objects.first(0x84)?.value ?? []
            guard checkValue.isEmpty || checkValue.count == 3 else { throw FormatError(.data, structure, "84", "3 bytes were expected") }
            let access = objects.first(0x96) == nil ? 0x00 : try byte(0x96)
            keys.append(Key(usage: try byte(0x95), access: access, length: Int(try byte(0x81)), identifier: try byte(0x82),
                            version: try byte(0x83), checkValue: checkValue, encryptedKey: []))
        }
        return keys
    }
}
