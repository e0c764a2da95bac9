/// The Header component (Java Card Virtual Machine Specification, 6.4).
public struct CAPHeader: Hashable, Sendable {
    public struct Flags: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// The package uses the type int.
        public static let integers = Flags(rawValue: 0x01)
        public static let export = Flags(rawValue: 0x02)
        public static let applet = Flags(rawValue: 0x04)
        /// The extended format of Java Card 3.1, which is refused.
        public static let extended = Flags(rawValue: 0x08)
    }

    /// "2.1", "2.2", "2.3".
    public let formatVersion: VersionNumber
    public let flags: Flags
    public let packageVersion: VersionNumber
    public let packageAID: AID
    /// Only of packages with remote interfaces.
    public let remotePackageName: String?

    init(_ component: CAPComponent) throws(CAPError) {
        var reader = component.reader()
        guard try reader.take(4) == [0xDE, 0xCA, 0xFF, 0xED] else { throw reader.error("the magic number DECAFFED is missing") }
        let minor = try reader.u1()
        let major = try reader.u1()
        flags = Flags(rawValue: UInt8(try reader.u1()))
        guard !flags.contains(.extended) else {
            throw CAPError(.extendedFormat, "Header.cap", "the extended CAP format of Java Card 3.1 is not supported; convert to the compact format")
        }
        guard major == 2, (1...3).contains(minor) else {
            throw CAPError(.unsupportedFormatVersion, "Header.cap", "CAP format \(major).\(minor) is not supported; 2.1, 2.2 and 2.3 are")
        }
        guard flags.rawValue & 0xF0 == 0 else { throw reader.error("reserved flags are set") }
        formatVersion = VersionNumber([major, minor])
        let packageMinor = try reader.u1()
        packageVersion = VersionNumber([try reader.u1(), packageMinor])
        packageAID = try reader.aid()
        if reader.remaining > 0 {
            let length = try reader.u1()
            let name = try reader.take(length)
            guard let text = String(validating: name, as: UTF8.self) else { throw reader.error("the package name is not UTF-8") }
            remotePackageName = text.isEmpty ? nil : String(text.map { $0 == "/" ? "." : $0 })
        } else {
            remotePackageName = nil
        }
        try reader.finish()
    }
}
