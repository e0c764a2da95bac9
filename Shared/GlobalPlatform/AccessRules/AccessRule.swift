/// One access rule of GPD_SPE_013: which device application may do what with which application of the secure component.
public struct AccessRule: Hashable, Sendable {
    /// 4F or C0 of the REF-DO.
    public enum Target: Hashable, Sendable {
        /// An AID, or the beginning of AIDs: 1 to 16 bytes.
        case aid([UInt8])
        /// 4F00: every application that has no rule of its own.
        case any
        /// C000: what is selected without a SELECT.
        case implicitlySelected

        public static func application(_ aid: AID) -> Target { .aid(aid.bytes) }
    }

    /// C1 of the REF-DO.
    public enum DeviceApplication: Hashable, Sendable {
        /// SHA-1 (20 bytes) or SHA-256 (32 bytes) of the certificate that signed it.
        case hash([UInt8])
        /// C100.
        case any
    }

    /// D0 of the AR-DO.
    public enum APDUAccess: Hashable, Sendable {
        case never
        case always
        case filters([APDUFilter])
    }

    public var target: Target
    public var deviceApplication: DeviceApplication
    /// nil = no D0.
    public var apdu: APDUAccess?
    /// D1, whether NFC events of the application reach the device application; nil = no D1.
    public var nfcEvents: Bool?
    /// Other objects of REF-DO (such as CA, a package name) and AR-DO (such as DB, permissions), kept as they came.
    public var otherReferences: [TLV]
    public var otherPermissions: [TLV]

    public init(target: Target, deviceApplication: DeviceApplication, apdu: APDUAccess?, nfcEvents: Bool?, otherReferences: [TLV] = [], otherPermissions: [TLV] = []) {
        self.target = target
        self.deviceApplication = deviceApplication
        self.apdu = apdu
        self.nfcEvents = nfcEvents
        self.otherReferences = otherReferences
        self.otherPermissions = otherPermissions
    }
}

/// Four bytes of header and a mask: a command passes when its header under the mask is the filter's header.
public struct APDUFilter: Hashable, Sendable {
    /// CLA INS P1 P2.
    public var header: [UInt8]
    public var mask: [UInt8]

    public init(header: [UInt8], mask: [UInt8]) throws(FormatError) {
        guard header.count == 4, mask.count == 4 else { throw FormatError(.data, "APDU filter", "length", "header and mask have 4 bytes each") }
        self.header = header
        self.mask = mask
    }

    public func allows(_ command: CommandAPDU) -> Bool {
        zip([command.cla, command.ins, command.p1, command.p2], zip(header, mask)).allSatisfy { $0 & $1.1 == $1.0 }
    }
}
