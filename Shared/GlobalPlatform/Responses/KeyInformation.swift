/// Key information template (GPCS 2.3.1, 11.3.3.1): E0{C0 kid kvn {type length}…}.
public struct KeyInformation: Hashable, Sendable {
    public struct Component: Hashable, Sendable {
        public var type: UInt8
        /// Bytes.
        public var length: UInt8

        public init(type: UInt8, length: UInt8) {
            self.type = type
            self.length = length
        }
    }

    public struct Key: Hashable, Sendable {
        public var identifier: UInt8
        public var version: UInt8
        /// Empty where the card describes the key in the extended form (type FF).
        public var components: [Component]

        public init(identifier: UInt8, version: UInt8, components: [Component]) {
            self.identifier = identifier
            self.version = version
            self.components = components
        }
    }

    public var keys: [Key]

    public init(keys: [Key]) {
        self.keys = keys
    }

    public init(parsing data: [UInt8]) throws(FormatError) {
        let structure = "key information"
        keys = []
        for object in try TLV.readOne(data, tag: 0xE0, structure).read(structure) {
            guard object.tag == 0xC0 else { throw FormatError(.data, structure, "\(object.tag)", "C0 was expected") }
            var reader = FieldReader(object.value, structure: structure)
            var key = Key(identifier: try reader.byte("key identifier"), version: try reader.byte("key version"), components: [])
            while !reader.isAtEnd {
                let type = try reader.byte("key type")
                if type == 0xFF { break }
                key.components.append(Component(type: type, length: try reader.byte("key length")))
            }
            keys.append(key)
        }
    }

    /// The versions that are there, each once, in the card's order.
    public var versions: [UInt8] {
        var seen: Set<UInt8> = []
        return keys.map(\.version).filter { seen.insert($0).inserted }
    }

    public var bytes: [UInt8] {
        TLV(0xE0, keys.map { key in TLV(0xC0, [key.identifier, key.version] + key.components.flatMap { [$0.type, $0.length] }) }).bytes
    }
}
