/// One component of a CAP file (Java Card Virtual Machine Specification, 6.1): tag, size, info.
public struct CAPComponent: Hashable, Sendable {
    public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        case header = 1, directory, applet, `import`, constantPool, `class`, method, staticField, refLocation, export, descriptor, debug, staticResources

        /// The file's name without extension.
        public var fileName: String {
            switch self {
            case .header: "Header"
            case .directory: "Directory"
            case .applet: "Applet"
            case .import: "Import"
            case .constantPool: "ConstantPool"
            case .class: "Class"
            case .method: "Method"
            case .staticField: "StaticField"
            case .refLocation: "RefLocation"
            case .export: "Export"
            case .descriptor: "Descriptor"
            case .debug: "Debug"
            case .staticResources: "StaticResources"
            }
        }

        /// The order in the load file data block; Descriptor and Debug stay off the card.
        static let loadOrder: [Kind] = [.header, .directory, .import, .applet, .class, .method, .staticField, .export, .constantPool, .refLocation, .staticResources]
    }

    public let kind: Kind
    /// Tag and size included, as they go to the card.
    public let bytes: [UInt8]
    /// What follows tag and size.
    public let info: [UInt8]

    /// Throws a `CAPError` of code component when tag or size do not fit kind and content.
    public init(kind: Kind, bytes: [UInt8]) throws(CAPError) {
        var reader = CAPComponentReader(bytes, name: "\(kind.fileName).cap")
        let tag = try reader.u1()
        guard tag == Int(kind.rawValue) else { throw reader.error("tag \(tag) was found, \(kind.rawValue) expected") }
        // Static resources came with Java Card 3.1 and have a size of four bytes even in compact files.
        let size = kind == .staticResources ? try reader.u4() : try reader.u2()
        guard size == reader.remaining else { throw reader.error("the size field says \(size) and \(reader.remaining) bytes follow") }
        self.kind = kind
        self.bytes = bytes
        info = try reader.take(size)
    }

    func reader() -> CAPComponentReader { CAPComponentReader(info, name: "\(kind.fileName).cap") }
}
