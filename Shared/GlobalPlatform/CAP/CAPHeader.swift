/// The Header component (Java Card Virtual Machine Specification 3.1, 6.4).
///
/// The extended form, `{CAP version, CAP AID, package_count, packages, package_names}` after the flags, is taken from two public programs that
/// read it and agree; no such file was at hand.
public struct CAPHeader: Hashable, Sendable {
    public struct Flags: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// The package uses the type int.
        public static let integers = Flags(rawValue: 0x01)
        public static let export = Flags(rawValue: 0x02)
        public static let applet = Flags(rawValue: 0x04)
        /// The extended format of Java Card 3.1: several packages, code in blocks of 64 KiB.
        public static let extended = Flags(rawValue: 0x08)
    }

    /// "2.1", "2.2", "2.3".
    public let formatVersion: VersionNumber
    public let flags: Flags
    /// Of the package; of an extended file the CAP version.
    public let packageVersion: VersionNumber
    /// By this AID the file is loaded: the package's; of an extended file the CAP AID.
    public let packageAID: AID
    /// What others can import: the one package; of an extended file its public packages, which may be none.
    public let packages: [CAPPackage]

    var exportedPackages: [CAPPackage] { flags.contains(.export) ? packages : [] }
    public var isExtended: Bool { flags.contains(.extended) }
    /// Only of packages with remote interfaces, and of extended files.
    public var remotePackageName: String? { packages.first?.name }

    init(_ component: CAPComponent) throws(CAPError) {
        var reader = component.reader()
        guard try reader.take(4) == [0xDE, 0xCA, 0xFF, 0xED] else { throw reader.error("the magic number DECAFFED is missing") }
        let minor = try reader.u1()
        let major = try reader.u1()
        let flags = Flags(rawValue: UInt8(try reader.u1()))
        guard major == 2, (1...3).contains(minor) else {
            throw CAPError(.unsupportedFormatVersion, "Header.cap", "CAP format \(major).\(minor) is not supported; 2.1, 2.2 and 2.3 are")
        }
        guard flags.rawValue & 0xF0 == 0 else { throw reader.error("reserved flags are set") }
        self.flags = flags
        formatVersion = VersionNumber([major, minor])
        let fileMinor = try reader.u1()
        packageVersion = VersionNumber([try reader.u1(), fileMinor])
        packageAID = try reader.aid()
        if flags.contains(.extended) {
            guard minor == 3 else { throw reader.error("the extended format came with CAP format 2.3, this is 2.\(minor)") }
            packages = try CAPHeader.packages(&reader)
            guard !packages.isEmpty || !flags.contains(.export) else { throw reader.error("it announces exports and describes no public package") }
        } else {
            let name = reader.remaining > 0 ? try CAPHeader.name(&reader) : nil
            packages = [CAPPackage(aid: packageAID, version: packageVersion, name: name)]
        }
        try reader.finish()
    }

    private static func packages(_ reader: inout CAPComponentReader) throws(CAPError) -> [CAPPackage] {
        let count = try reader.u1()
        var packages: [CAPPackage] = []
        for _ in 0..<count {
            let minor = try reader.u1()
            let major = try reader.u1()
            let aid = try reader.aid()
            guard !packages.contains(where: { $0.aid == aid }) else { throw reader.error("package \(aid) occurs twice") }
            packages.append(CAPPackage(aid: aid, version: VersionNumber([major, minor]), name: nil))
        }
        for index in packages.indices { packages[index].name = try name(&reader) }
        return packages
    }

    private static func name(_ reader: inout CAPComponentReader) throws(CAPError) -> String? {
        let length = try reader.u1()
        guard let text = String(validating: try reader.take(length), as: UTF8.self) else { throw reader.error("the package name is not UTF-8") }
        return text.isEmpty ? nil : String(text.map { $0 == "/" ? "." : $0 })
    }
}
