import Cryptography

/// What an attestation token says (TR-03165, Appendix A.2), the A0 in 7F41{A0{80, 81, 82, [83, 84], 85}, 81 signature}.
public struct AttestationContent: Hashable, Sendable {
    /// The data from which the security domain's keys were diversified (mode 1), on request of the service provider.
    public struct Diversification: Hashable, Sendable {
        /// 83: the master key's index, a UUID.
        public var masterKeyIndex: UUIDOctets
        /// 84: the key diversification data, 1 to 32 bytes.
        public var keyDiversificationData: [UInt8]

        public init(masterKeyIndex: UUIDOctets, keyDiversificationData: [UInt8]) {
            self.masterKeyIndex = masterKeyIndex
            self.keyDiversificationData = keyDiversificationData
        }
    }

    /// 80: the TSM.
    public var tsm: ASN1ObjectIdentifier
    /// 81
    public var processID: UUIDOctets
    /// 82
    public var flavorID: UUIDOctets
    public var diversification: Diversification?
    /// 85: 20 bytes, of the certificate whose key signs.
    public var subjectKeyIdentifier: [UInt8]

    /// Throws when the key identifier has not 20 bytes or the diversification data not 1 to 32.
    public init(tsm: ASN1ObjectIdentifier, processID: UUIDOctets, flavorID: UUIDOctets, diversification: Diversification? = nil,
                subjectKeyIdentifier: [UInt8]) throws(FormatError) {
        let structure = "attestation token"
        guard subjectKeyIdentifier.count == 20 else { throw FormatError(.data, structure, "85", "20 bytes were expected, not \(subjectKeyIdentifier.count)") }
        if let diversification, !(1...32).contains(diversification.keyDiversificationData.count) {
            throw FormatError(.data, structure, "84", "1 to 32 bytes were expected, not \(diversification.keyDiversificationData.count)")
        }
        self.tsm = tsm
        self.processID = processID
        self.flavorID = flavorID
        self.diversification = diversification
        self.subjectKeyIdentifier = subjectKeyIdentifier
    }

    /// Reads the objects inside A0, which come in this order and no other.
    init(parsing objects: [TLV]) throws(FormatError) {
        let structure = "attestation token"
        let tags = objects.map(\.tag)
        guard tags == [0x80, 0x81, 0x82, 0x85] || tags == [0x80, 0x81, 0x82, 0x83, 0x84, 0x85] else {
            throw FormatError(.data, structure, "A0", "the objects 80, 81, 82, 83 and 84 (both or none) and 85 were expected")
        }
        var diversification: Diversification?
        if objects.count == 6 {
            diversification = Diversification(masterKeyIndex: try UUIDOctets(bytes: objects[3].value), keyDiversificationData: objects[4].value)
        }
        try self.init(tsm: ASN1ObjectIdentifier(content: objects[0].value), processID: UUIDOctets(bytes: objects[1].value),
                      flavorID: UUIDOctets(bytes: objects[2].value), diversification: diversification,
                      subjectKeyIdentifier: objects[objects.count - 1].value)
    }

    var encoded: TLV {
        var objects = [TLV(0x80, tsm.content), TLV(0x81, processID.bytes), TLV(0x82, flavorID.bytes)]
        if let diversification {
            objects += [TLV(0x83, diversification.masterKeyIndex.bytes), TLV(0x84, diversification.keyDiversificationData)]
        }
        return TLV(0xA0, objects + [TLV(0x85, subjectKeyIdentifier)])
    }

    /// What is signed: the whole object A0, tag and length included. The TR leaves the input open.
    public var toBeSigned: [UInt8] { encoded.bytes }

    /// SHA-1 over the public key's bits (RFC 5280, 4.2.1.2, method 1): here the uncompressed point, 04 X Y.
    public static func subjectKeyIdentifier(ofPublicKey point: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try HashFunction.sha1.digest(of: point)
    }
}
