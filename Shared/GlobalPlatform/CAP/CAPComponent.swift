/// One component of a CAP file (Java Card Virtual Machine Specification 3.1, 6.2): tag, size, info.
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

        /// Whether the size has four bytes instead of two, and the file the extension `.capx`: static resources always; in an extended
        /// file also what describes code, which may there be larger than 64 KiB (6.2, table 6-2).
        public func isLong(inExtendedFile isExtended: Bool) -> Bool {
            switch self {
            case .staticResources: true
            case .method, .refLocation, .descriptor, .debug: isExtended
            default: false
            }
        }

        /// As the specification names it: `Method.cap`, in an extended file `Method.capx`.
        func entryName(inExtendedFile isExtended: Bool) -> String { fileName + (isLong(inExtendedFile: isExtended) ? ".capx" : ".cap") }

        /// The order in the load file data block (6.3); Descriptor, which is optional there, would come last. Debug stays off the card.
        static let loadOrder: [Kind] = [.header, .directory, .import, .applet, .class, .method, .staticField, .export, .constantPool, .refLocation, .staticResources]
    }

    public let kind: Kind
    /// Tag and size included, as they go to the card.
    public let bytes: [UInt8]
    /// What follows tag and size.
    public let info: [UInt8]
    /// For messages.
    let name: String

    /// - Parameter isExtended: of the file that the component belongs to.
    /// - Throws: `CAPError` of code component when tag or size do not fit kind and content.
    public init(kind: Kind, bytes: [UInt8], isExtended: Bool = false) throws(CAPError) {
        name = kind.entryName(inExtendedFile: isExtended)
        var reader = CAPComponentReader(bytes, name: name)
        let tag = try reader.u1()
        guard tag == Int(kind.rawValue) else { throw reader.error("tag \(tag) was found, \(kind.rawValue) expected") }
        let size = kind.isLong(inExtendedFile: isExtended) ? try reader.u4() : try reader.u2()
        guard size == reader.remaining else { throw reader.error("the size field says \(size) and \(reader.remaining) bytes follow") }
        self.kind = kind
        self.bytes = bytes
        info = try reader.take(size)
    }

    func reader() -> CAPComponentReader { CAPComponentReader(info, name: name) }
}
