/// Card capability information (GPCS 2.3.1, H.4): 67{A0{80 scp, 81 options, 82 key sizes}…, 81 to 88}.
public struct CardCapabilityInformation: Hashable, Sendable {
    public struct SecureChannel: Hashable, Sendable {
        public var identifier: UInt8
        /// 81: the options `i` that it supports.
        public var options: [UInt8]
        /// 82: b1 = AES-128, b2 = AES-192, b3 = AES-256.
        public var keySizes: UInt8?

        public init(identifier: UInt8, options: [UInt8], keySizes: UInt8?) {
            self.identifier = identifier
            self.options = options
            self.keySizes = keySizes
        }

        /// In bits.
        public var aesKeyBits: [Int] {
            let sizes = keySizes ?? 0
            return [(UInt8(0x01), 128), (0x02, 192), (0x04, 256)].filter { sizes & $0.0 != 0 }.map(\.1)
        }
    }

    public var secureChannels: [SecureChannel]
    /// 81 and 82: the privileges that may be given to security domains and to applications.
    public var securityDomainPrivileges: Privileges?
    public var applicationPrivileges: Privileges?
    /// 83: hash algorithms of load file data blocks: 01 SHA-1, 02 SHA-256, 03 SHA-384, 04 SHA-512.
    public var loadFileHashAlgorithms: [UInt8]
    public var other: [TLV]

    public init(secureChannels: [SecureChannel], securityDomainPrivileges: Privileges? = nil, applicationPrivileges: Privileges? = nil,
                loadFileHashAlgorithms: [UInt8] = [], other: [TLV] = []) {
        self.secureChannels = secureChannels
        self.securityDomainPrivileges = securityDomainPrivileges
        self.applicationPrivileges = applicationPrivileges
        self.loadFileHashAlgorithms = loadFileHashAlgorithms
        self.other = other
    }

    public init(parsing data: [UInt8]) throws(FormatError) {
        let structure = "card capability information"
        self.init(secureChannels: [])
        for object in try TLV.readOne(data, tag: 0x67, structure).read(structure) {
            switch object.tag {
            case 0xA0:
                let parts = try object.read(structure)
                guard let identifier = parts.first(0x80)?.value, identifier.count == 1 else {
                    throw FormatError(.data, structure, "A0", "the protocol is missing")
                }
                secureChannels.append(SecureChannel(identifier: identifier[0], options: parts.first(0x81)?.value ?? [], keySizes: parts.first(0x82)?.value.last))
            case 0x81: securityDomainPrivileges = try Privileges(bytes: object.value)
            case 0x82: applicationPrivileges = try Privileges(bytes: object.value)
            case 0x83: loadFileHashAlgorithms = object.value
            default: other.append(object)
            }
        }
    }

    public var bytes: [UInt8] {
        var objects: [TLV] = secureChannels.map { channel in
            var parts = [TLV(0x80, [channel.identifier]), TLV(0x81, channel.options)]
            if let keySizes = channel.keySizes { parts.append(TLV(0x82, [keySizes])) }
            return TLV(0xA0, parts)
        }
        if let securityDomainPrivileges { objects.append(TLV(0x81, securityDomainPrivileges.bytes)) }
        if let applicationPrivileges { objects.append(TLV(0x82, applicationPrivileges.bytes)) }
        if !loadFileHashAlgorithms.isEmpty { objects.append(TLV(0x83, loadFileHashAlgorithms)) }
        return TLV(0x67, objects + other).bytes
    }
}
