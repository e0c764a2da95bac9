/// An application identifier of ISO/IEC 7816-5: 5 to 16 bytes. In JSON a lower-case hexadecimal string.
public struct AID: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    /// 5 to 16 bytes.
    public let bytes: [UInt8]

    public init(_ bytes: some Sequence<UInt8>) throws(AIDError) {
        let bytes = Array(bytes)
        guard (5...16).contains(bytes.count) else { throw AIDError.length(bytes.count) }
        self.bytes = bytes
    }

    /// Reads digits of either case.
    public init(hex: some StringProtocol) throws(AIDError) {
        let bytes: [UInt8]
        do { bytes = try Hex.decode(hex) } catch { throw AIDError.notHexadecimal(error) }
        try self.init(bytes)
    }

    /// For the identifiers that the specifications fix, whose length is known here.
    private init(known bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Partial selection compares leading bytes (GPCS 2.3.1, 11.9.3.1); an AID has itself as a prefix.
    public func hasPrefix(_ prefix: some Collection<UInt8>) -> Bool {
        bytes.starts(with: prefix)
    }

    public func hasPrefix(_ prefix: AID) -> Bool { hasPrefix(prefix.bytes) }

    public static func < (left: AID, right: AID) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    public var description: String { Hex.encode(bytes) }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do {
            try self.init(hex: text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension AID {
    /// The Issuer Security Domain's usual AID (GPCS 2.3.1, H.1.3).
    public static let issuerSecurityDomain = AID(known: [0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00])
    /// Executable Load File from which supplementary security domains are installed.
    public static let securityDomainPackage = AID(known: [0xA0, 0x00, 0x00, 0x01, 0x51, 0x53, 0x50])
    /// Executable Module of `securityDomainPackage`.
    public static let securityDomainModule = AID(known: [0xA0, 0x00, 0x00, 0x01, 0x51, 0x53, 0x50, 0x41])
    /// The same two on cards that are older.
    public static let olderSecurityDomainPackage = AID(known: [0xA0, 0x00, 0x00, 0x00, 0x03, 0x53, 0x50])
    public static let olderSecurityDomainModule = AID(known: [0xA0, 0x00, 0x00, 0x00, 0x03, 0x53, 0x50, 0x41])
    /// The Access Rule Application Master (GPD_SPE_013).
    public static let accessRuleApplicationMaster = AID(known: [0xA0, 0x00, 0x00, 0x01, 0x51, 0x41, 0x43, 0x4C, 0x00])
    /// org.globalplatform.upgrade: imported by applets that hand their data over to their next load file (Amendment H).
    public static let upgradePackage = AID(known: [0xA0, 0x00, 0x00, 0x01, 0x51, 0x07])
    /// The Contactless Registry Services application (Amendment C).
    public static let contactlessRegistryServices = AID(known: [0xA0, 0x00, 0x00, 0x01, 0x51, 0x43, 0x52, 0x53, 0x00])
}

/// Why bytes are not an AID.
public enum AIDError: Error, Hashable, Sendable, CustomStringConvertible {
    case length(Int)
    case notHexadecimal(HexError)

    public var code: String {
        switch self {
        case .length: "aid-length"
        case .notHexadecimal: "aid-not-hexadecimal"
        }
    }

    public var description: String {
        switch self {
        case .length(let count): "an AID has 5 to 16 bytes, not \(count)"
        case .notHexadecimal(let error): "an AID is written in hexadecimal: \(error)"
        }
    }
}
