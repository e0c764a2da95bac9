/// What a platform must offer for a CAP file to link: the TR's TechnicalRequirements, derived from format and imports.
public struct PlatformRequirements: Hashable, Sendable {
    /// 2.1.1 at least: the first version with CAP files.
    public let javaCardVersion: VersionNumber
    /// The version of package org.globalplatform with a third component; 0.0.0 when it is not imported.
    public let gpApiVersion: VersionNumber
    public let needsIntegers: Bool

    public init(javaCardVersion: VersionNumber, gpApiVersion: VersionNumber, needsIntegers: Bool) {
        self.javaCardVersion = javaCardVersion
        self.gpApiVersion = gpApiVersion
        self.needsIntegers = needsIntegers
    }

    /// Throws unknownPlatform for an import of the Java Card API that is newer than every version known here.
    init(imports: [CAPImport], header: CAPHeader) throws(CAPError) {
        var javaCard = PlatformRequirements.javaCardVersion(of: header)
        var gpApi = VersionNumber([0, 0, 0])
        for item in imports {
            if item.aid.bytes == PlatformRequirements.globalPlatformPackage {
                gpApi = max(gpApi, VersionNumber(item.version.components + [0]))
            } else if let table = PlatformRequirements.javaCardVersions[item.aid.bytes] {
                guard let needed = PlatformRequirements.first(in: table, offering: item.version) else {
                    throw CAPError(.unknownPlatform, "Import.cap", "no Java Card version is known that offers package \(item.aid) \(item.version)")
                }
                javaCard = max(javaCard, needed)
            }
        }
        self.init(javaCardVersion: javaCard, gpApiVersion: gpApi, needsIntegers: header.flags.contains(.integers))
    }

    /// The first Java Card version whose virtual machine knows the CAP format: 2.3, and with it the extended format, came with 3.1. That earlier
    /// formats need no more than 2.1.1 is a reading: 2.2 only added what a card may ignore.
    public static func javaCardVersion(of header: CAPHeader) -> VersionNumber {
        header.isExtended || header.formatVersion >= VersionNumber([2, 3]) ? VersionNumber([3, 1, 0]) : VersionNumber([2, 1, 1])
    }

    /// The first Java Card version that offers what is imported; nil for packages that say nothing about it.
    public static func javaCardVersion(offering item: CAPImport) -> VersionNumber? {
        javaCardVersions[item.aid.bytes].flatMap { first(in: $0, offering: item.version) }
    }

    private static func first(in table: [Row], offering version: VersionNumber) -> VersionNumber? {
        table.first { version.components.first == $0.package.components.first && version <= $0.package }?.platform
    }

    /// org.globalplatform
    public static let globalPlatformPackage: [UInt8] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x00]

    private typealias Row = (package: VersionNumber, platform: VersionNumber)

    /// The first Java Card version with each version of a package, ascending. No kit contains javacard.framework 1.7: the next one offers it.
    private static let javaCardVersions: [[UInt8]: [Row]] = [
        [0xA0, 0x00, 0x00, 0x00, 0x62, 0x01, 0x01]: rows([([1, 0], [2, 1, 1]), ([1, 1], [2, 2, 0]), ([1, 2], [2, 2, 1]), ([1, 3], [2, 2, 2]), ([1, 4], [3, 0, 1]),
                                                          ([1, 5], [3, 0, 4]), ([1, 6], [3, 0, 5]), ([1, 8], [3, 1, 0]), ([1, 9], [3, 2, 0])]),
        [0xA0, 0x00, 0x00, 0x00, 0x62, 0x01, 0x02]: security,
        [0xA0, 0x00, 0x00, 0x00, 0x62, 0x02, 0x01]: security,
    ]
    /// javacard.security and javacardx.crypto
    private static let security = rows([([1, 1], [2, 1, 1]), ([1, 2], [2, 2, 1]), ([1, 3], [2, 2, 2]), ([1, 4], [3, 0, 1]), ([1, 5], [3, 0, 4]),
                                        ([1, 6], [3, 0, 5]), ([1, 7], [3, 1, 0]), ([1, 8], [3, 2, 0])])

    private static func rows(_ rows: [([Int], [Int])]) -> [Row] { rows.map { (VersionNumber($0.0), VersionNumber($0.1)) } }
}
