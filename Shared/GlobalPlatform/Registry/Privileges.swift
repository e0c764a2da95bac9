/// The privileges of GPCS 2.3.1, 6.6.1 and tables 11-7 to 11-9, byte 1 in the highest of the three bytes.
public struct Privileges: OptionSet, Hashable, Sendable, Codable, CustomStringConvertible {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue & 0xFFFFFF
    }

    public static let securityDomain = Privileges(rawValue: 0x800000)
    public static let dapVerification = Privileges(rawValue: 0x400000)
    public static let delegatedManagement = Privileges(rawValue: 0x200000)
    public static let cardLock = Privileges(rawValue: 0x100000)
    public static let cardTerminate = Privileges(rawValue: 0x080000)
    public static let cardReset = Privileges(rawValue: 0x040000)
    public static let cvmManagement = Privileges(rawValue: 0x020000)
    public static let mandatedDAPVerification = Privileges(rawValue: 0x010000)
    public static let trustedPath = Privileges(rawValue: 0x008000)
    public static let authorizedManagement = Privileges(rawValue: 0x004000)
    public static let tokenVerification = Privileges(rawValue: 0x002000)
    public static let globalDelete = Privileges(rawValue: 0x001000)
    public static let globalLock = Privileges(rawValue: 0x000800)
    public static let globalRegistry = Privileges(rawValue: 0x000400)
    public static let finalApplication = Privileges(rawValue: 0x000200)
    public static let globalService = Privileges(rawValue: 0x000100)
    public static let receiptGeneration = Privileges(rawValue: 0x000080)
    public static let cipheredLoadFileDataBlock = Privileges(rawValue: 0x000040)
    public static let contactlessActivation = Privileges(rawValue: 0x000020)
    public static let contactlessSelfActivation = Privileges(rawValue: 0x000010)
    /// Reserved in GPCS 2.3.1 itself, given its meaning by a later amendment.
    public static let privacyTrusted = Privileges(rawValue: 0x000008)

    /// What the security domain of a service provider's TSM has: 80C000.
    public static let serviceProviderSecurityDomain: Privileges = [.securityDomain, .trustedPath, .authorizedManagement]

    /// Every privilege with its name, in the order of the bytes.
    public static let named: [(privilege: Privileges, name: String)] = [
        (.securityDomain, "SecurityDomain"), (.dapVerification, "DAPVerification"), (.delegatedManagement, "DelegatedManagement"),
        (.cardLock, "CardLock"), (.cardTerminate, "CardTerminate"), (.cardReset, "CardReset"), (.cvmManagement, "CVMManagement"),
        (.mandatedDAPVerification, "MandatedDAPVerification"), (.trustedPath, "TrustedPath"), (.authorizedManagement, "AuthorizedManagement"),
        (.tokenVerification, "TokenVerification"), (.globalDelete, "GlobalDelete"), (.globalLock, "GlobalLock"),
        (.globalRegistry, "GlobalRegistry"), (.finalApplication, "FinalApplication"), (.globalService, "GlobalService"),
        (.receiptGeneration, "ReceiptGeneration"), (.cipheredLoadFileDataBlock, "CipheredLoadFileDataBlock"),
        (.contactlessActivation, "ContactlessActivation"), (.contactlessSelfActivation, "ContactlessSelfActivation"),
        (.privacyTrusted, "PrivacyTrusted"),
    ]

    /// One byte (the others are then 00) or three, as INSTALL and the registry carry them.
    public init(bytes: some Collection<UInt8>) throws(FormatError) {
        let bytes = Array(bytes)
        switch bytes.count {
        case 1: self.init(rawValue: UInt32(bytes[0]) << 16)
        case 3: self.init(rawValue: UInt32(bytes[0]) << 16 | UInt32(bytes[1]) << 8 | UInt32(bytes[2]))
        default: throw FormatError(.data, "privileges", "length", "1 or 3 bytes were expected, not \(bytes.count)")
        }
    }

    /// Three bytes.
    public var bytes: [UInt8] { [UInt8(rawValue >> 16 & 0xFF), UInt8(rawValue >> 8 & 0xFF), UInt8(rawValue & 0xFF)] }

    public var names: [String] { Privileges.named.filter { contains($0.privilege) }.map(\.name) }

    /// What GPCS 2.3.1, 6.6.2 does not allow in this combination; nil when nothing.
    public var inconsistency: String? {
        let domainsOnly: Privileges = [.dapVerification, .delegatedManagement, .mandatedDAPVerification, .trustedPath, .authorizedManagement,
                                       .tokenVerification, .receiptGeneration, .cipheredLoadFileDataBlock]
        if !contains(.securityDomain), let name = intersection(domainsOnly).names.first { return "\(name) needs the SecurityDomain privilege" }
        if contains([.delegatedManagement, .authorizedManagement]) { return "DelegatedManagement and AuthorizedManagement exclude each other" }
        if contains(.mandatedDAPVerification) && !contains(.dapVerification) { return "MandatedDAPVerification needs DAPVerification" }
        if rawValue & 0x000007 != 0 { return "reserved privileges are set" }
        return nil
    }

    public var description: String { names.isEmpty ? "none" : names.joined(separator: ", ") }

    /// In JSON six hexadecimal digits.
    public init(from decoder: any Decoder) throws {
        let hex = try HexBytes(from: decoder)
        do {
            try self.init(bytes: hex.bytes)
        } catch {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: error.description))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        try HexBytes(bytes).encode(to: encoder)
    }
}
