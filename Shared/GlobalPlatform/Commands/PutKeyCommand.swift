/// PUT KEY (GPCS 2.3.1, 11.8): `80 D8 P1 81 newKVN {88 11 10 enc16 03 kcv}… 00`.
public struct PutKeyCommand: Hashable, Sendable {
    /// One AES key, encrypted under the security domain's data encryption key.
    public struct Component: Hashable, Sendable {
        /// Bytes of the key itself: 16, 24 or 32.
        public var keyLength: Int
        /// 16 or 32 bytes.
        public var encryptedKey: [UInt8]
        /// Three bytes, or none.
        public var checkValue: [UInt8]

        public init(keyLength: Int, encryptedKey: [UInt8], checkValue: [UInt8]) {
            self.keyLength = keyLength
            self.encryptedKey = encryptedKey
            self.checkValue = checkValue
        }
    }

    /// P1: the version that is replaced, 00 = a new one is added.
    public var replacing: UInt8
    public var newVersion: UInt8
    /// P2 without b8: the identifier of the first key, the others follow.
    public var firstIdentifier: UInt8
    public var components: [Component]

    public init(replacing: UInt8 = 0, newVersion: UInt8, firstIdentifier: UInt8 = 1, components: [Component]) {
        self.replacing = replacing
        self.newVersion = newVersion
        self.firstIdentifier = firstIdentifier
        self.components = components
    }

    /// A key set whose encrypted components the caller supplies, called in order for identifiers 1 (ENC), 2 (MAC), 3 (DEK).
    public init<Failure: Error>(replacing: UInt8 = 0, newVersion: UInt8, component: (_ identifier: UInt8) throws(Failure) -> Component) throws(Failure) {
        var components: [Component] = []
        for identifier in 1...3 as ClosedRange<UInt8> { components.append(try component(identifier)) }
        self.init(replacing: replacing, newVersion: newVersion, components: components)
    }

    static let structure = "PUT KEY"

    /// Throws for key lengths that AES does not have, encrypted keys or check values of a wrong length, versions outside 01–7F.
    public func apdu() throws(FormatError) -> CommandAPDU {
        let structure = PutKeyCommand.structure
        guard (0x01...0x7F).contains(newVersion), replacing <= 0x7F else { throw FormatError(.parameters, structure, "key version", "01 to 7F was expected") }
        guard (0x01...0x7F).contains(firstIdentifier), !components.isEmpty else { throw FormatError(.parameters, structure, "P2", "no key is named") }
        var data: [UInt8] = [newVersion]
        for component in components {
            try component.check(structure)
            data += [KeyType.aes, UInt8(component.encryptedKey.count + 1), UInt8(component.keyLength)] + component.encryptedKey
            data += [UInt8(component.checkValue.count)] + component.checkValue
        }
        guard data.count <= 255 else { throw FormatError(.length, structure, "data", "\(data.count) bytes do not fit one command") }
        let p2 = firstIdentifier | (components.count > 1 ? 0x80 : 0)
        return CommandAPDU(cla: 0x80, ins: Instruction.putKey, p1: replacing, p2: p2, data: data, expectedLength: 256)
    }

    /// Reads the command; the length of the key inside the component (Amendment D, 7.2) may be missing, as GPCS table 11-71 has it.
    public static func parse(_ command: CommandAPDU) throws(FormatError) -> PutKeyCommand {
        guard command.ins == Instruction.putKey else { throw FormatError(.instruction, structure, "INS", "it is another command") }
        guard command.p1 & 0x80 == 0 else { throw FormatError(.parameters, structure, "P1", "chained commands are not supported") }
        guard command.p2 & 0x7F != 0 else { throw FormatError(.parameters, structure, "P2", "no key identifier") }
        var reader = FieldReader(command.data, structure: structure)
        let version = try reader.byte("new key version")
        guard (0x01...0x7F).contains(version) else { throw FormatError(.data, structure, "new key version", "01 to 7F was expected") }
        var components: [Component] = []
        repeat { components.append(try component(&reader)) } while !reader.isAtEnd
        guard (command.p2 & 0x80 != 0) == (components.count > 1) else {
            throw FormatError(.data, structure, "P2", "b8 and the number of keys, \(components.count), do not agree")
        }
        return PutKeyCommand(replacing: command.p1, newVersion: version, firstIdentifier: command.p2 & 0x7F, components: components)
    }

    private static func component(_ reader: inout FieldReader) throws(FormatError) -> Component {
        guard try reader.byte("key type") == KeyType.aes else { throw FormatError(.data, structure, "key type", "only 88 (AES) is supported") }
        let value = try reader.field("key")
        let checkValue = try reader.field("key check value")
        let component: Component
        if value.count % 16 == 1 {
            component = Component(keyLength: Int(value[0]), encryptedKey: Array(value.dropFirst()), checkValue: checkValue)
        } else {
            component = Component(keyLength: value.count, encryptedKey: value, checkValue: checkValue)
        }
        try component.check(structure)
        return component
    }
}

extension PutKeyCommand.Component {
    func check(_ structure: String) throws(FormatError) {
        guard let expected = KeyType.encryptedLength(ofAESKey: keyLength), expected == encryptedKey.count else {
            throw FormatError(.data, structure, "key", "\(encryptedKey.count) encrypted bytes do not hold an AES key of \(keyLength) bytes")
        }
        guard checkValue.isEmpty || checkValue.count == 3 else { throw FormatError(.data, structure, "key check value", "3 bytes or none were expected") }
    }
}
