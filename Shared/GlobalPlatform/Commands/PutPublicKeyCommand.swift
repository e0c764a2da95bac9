import Cryptography

/// PUT KEY with a public key, in the clear (GPCS 2.3.1, 11.8.2.3, table 11-69): `80 D8 P1 kid newKVN {A1 modulus, A0 exponent | B0 point, F0 curve} 00`.
/// One key a command; its components have BER lengths, and its check value is empty or not checked.
public struct PutPublicKeyCommand: Hashable, Sendable {
    /// P1: the version that is replaced, 00 = a new one is added.
    public var replacing: UInt8
    public var newVersion: UInt8
    /// P2.
    public var identifier: UInt8
    public var key: PublicKeyData

    public init(replacing: UInt8 = 0, newVersion: UInt8, identifier: UInt8 = 1, key: PublicKeyData) {
        self.replacing = replacing
        self.newVersion = newVersion
        self.identifier = identifier
        self.key = key
    }

    /// Throws when the key does not fit one command, as RSA keys of more than about 1800 bits do not.
    public func apdu() throws(FormatError) -> CommandAPDU {
        guard (0x01...0x7F).contains(newVersion), replacing <= 0x7F, (0x01...0x7F).contains(identifier) else {
            throw FormatError(.parameters, PutKeyCommand.structure, "key version", "01 to 7F was expected")
        }
        var data: [UInt8] = [newVersion]
        for component in key.components {
            data.append(component.type)
            data += TLV.encodeLength(component.value.count) + component.value
        }
        data.append(0x00)
        guard data.count <= 255 else { throw FormatError(.length, PutKeyCommand.structure, "data", "\(data.count) bytes do not fit one command") }
        return CommandAPDU(cla: 0x80, ins: Instruction.putKey, p1: replacing, p2: identifier, data: data, expectedLength: 256)
    }

    /// Whether the first key of the command is a public one; the rest is not looked at.
    public static func isPublic(_ command: CommandAPDU) -> Bool {
        command.data.count > 1 && [KeyType.rsaModulus, KeyType.rsaPublicExponent, KeyType.eccPublicKey, KeyType.eccParameterReference].contains(command.data[1])
    }

    public static func parse(_ command: CommandAPDU) throws(FormatError) -> PutPublicKeyCommand {
        let structure = PutKeyCommand.structure
        guard command.ins == Instruction.putKey else { throw FormatError(.instruction, structure, "INS", "it is another command") }
        guard command.p1 & 0x80 == 0 else { throw FormatError(.parameters, structure, "P1", "chained commands are not supported") }
        guard (0x01...0x7F).contains(command.p2) else { throw FormatError(.parameters, structure, "P2", "one public key, identifier 01 to 7F, was expected") }
        var reader = FieldReader(command.data, structure: structure)
        let version = try reader.byte("new key version")
        guard (0x01...0x7F).contains(version) else { throw FormatError(.data, structure, "new key version", "01 to 7F was expected") }
        var components: [PublicKeyData.Component] = []
        for _ in 0..<2 {
            let type = try reader.byte("key type")
            components.append(PublicKeyData.Component(type: type, value: try reader.berField("key component")))
        }
        let checkValue = try reader.field("key check value")
        guard checkValue.count <= 3 else { throw FormatError(.data, structure, "key check value", "at most 3 bytes were expected") }
        try reader.finish()
        return PutPublicKeyCommand(replacing: command.p1, newVersion: version, identifier: command.p2, key: try PublicKeyData(components))
    }
}

/// A public key on a card.
public enum PublicKeyData: Codable, Hashable, Sendable {
    /// Big-endian numbers.
    case rsa(modulus: HexBytes, exponent: HexBytes)
    /// The point `04 x y`.
    case ellipticCurve(point: HexBytes, curve: EllipticCurve)

    /// A component as PUT KEY and the key information template have it.
    public struct Component: Hashable, Sendable {
        public var type: UInt8
        public var value: [UInt8]

        public init(type: UInt8, value: [UInt8]) {
            self.type = type
            self.value = value
        }
    }

    /// Key parameter references, as public implementations have them.
    private static let references: [(reference: UInt8, curve: EllipticCurve)] = [
        (0x00, .p256), (0x01, .p384), (0x03, .brainpoolP256r1), (0x05, .brainpoolP384r1),
    ]

    /// Either order of the components.
    public init(_ components: [Component]) throws(FormatError) {
        let structure = PutKeyCommand.structure
        func value(_ type: UInt8) -> [UInt8]? { components.first { $0.type == type }?.value }
        if let modulus = value(KeyType.rsaModulus), let exponent = value(KeyType.rsaPublicExponent) {
            self = .rsa(modulus: HexBytes(modulus), exponent: HexBytes(exponent))
        } else if let point = value(KeyType.eccPublicKey), let reference = value(KeyType.eccParameterReference) {
            guard reference.count == 1, let curve = PublicKeyData.references.first(where: { $0.reference == reference[0] })?.curve else {
                throw FormatError(.data, structure, "F0", "the curve is not supported")
            }
            self = .ellipticCurve(point: HexBytes(point), curve: curve)
        } else {
            throw FormatError(.data, structure, "key type", "A1 and A0, or B0 and F0, were expected")
        }
        do { _ = try verificationKey() } catch { throw FormatError(.data, structure, "key", error.description) }
    }

    public init(_ key: RSAPublicKey) {
        self = .rsa(modulus: HexBytes(key.modulus), exponent: HexBytes(key.exponent))
    }

    public init(_ key: ECPublicKey) throws(CryptographyError) {
        self = .ellipticCurve(point: HexBytes(try key.point()), curve: key.curve)
    }

    public var components: [Component] {
        switch self {
        case .rsa(let modulus, let exponent):
            return [Component(type: KeyType.rsaModulus, value: modulus.bytes), Component(type: KeyType.rsaPublicExponent, value: exponent.bytes)]
        case .ellipticCurve(let point, let curve):
            let reference = PublicKeyData.references.first { $0.curve == curve }?.reference ?? 0xFF
            return [Component(type: KeyType.eccPublicKey, value: point.bytes), Component(type: KeyType.eccParameterReference, value: [reference])]
        }
    }

    /// Bytes that the key takes.
    public var size: Int { components.reduce(0) { $0 + $1.value.count } }

    public func verificationKey() throws(CryptographyError) -> ManagementKey {
        switch self {
        case .rsa(let modulus, let exponent): .rsa(try RSAPublicKey(modulus: modulus.bytes, exponent: exponent.bytes))
        case .ellipticCurve(let point, let curve): .ellipticCurve(try ECPublicKey(point: point.bytes, curve: curve))
        }
    }
}
