/// An attestation token (TR-03165, Appendix A): 7F41{A0{…}, 81 ECDSA signature in DER}.
public struct AttestationToken: Hashable, Sendable {
    public let content: AttestationContent
    /// DER: SEQUENCE of two INTEGERs.
    public let signature: [UInt8]

    private static let structure = "attestation token"

    /// Throws when the signature is not the DER encoding of an ECDSA signature.
    public init(content: AttestationContent, signature: [UInt8]) throws(FormatError) {
        try AttestationToken.check(signature)
        self.content = content
        self.signature = signature
    }

    /// Reads a whole token in the distinguished encoding, so that `content.toBeSigned` is what was signed, byte for byte.
    public init(parsing bytes: [UInt8]) throws(FormatError) {
        let structure = AttestationToken.structure
        let outer = try AttestationToken.distinguished(bytes)
        guard outer.count == 1, outer[0].tag == 0x7F41 else { throw FormatError(.data, structure, "7F41", "one token was expected") }
        let parts = try AttestationToken.distinguished(outer[0].value)
        guard parts.map(\.tag) == [0xA0, 0x81] else { throw FormatError(.data, structure, "7F41", "A0 and 81 were expected") }
        try self.init(content: try AttestationContent(parsing: AttestationToken.distinguished(parts[0].value)), signature: parts[1].value)
    }

    public var bytes: [UInt8] { TLV(0x7F41, [content.encoded, TLV(0x81, signature)]).bytes }

    /// STORE DATA with P1 90, preceded by blocks with P1 10 when one does not hold the token.
    public func storeData(maximumPayload: Int) throws(FormatError) -> [StoreDataCommand] {
        try StoreDataCommand.split(bytes, structure: .berTLV, maximumPayload: maximumPayload)
    }

    private static func distinguished(_ bytes: [UInt8]) throws(FormatError) -> [TLV] {
        do {
            return try TLV.parseAll(bytes, minimalLengths: true)
        } catch {
            throw FormatError(.data, structure, "encoding", error.description)
        }
    }

    private static func check(_ signature: [UInt8]) throws(FormatError) {
        let sequence = try distinguished(signature)
        guard sequence.count == 1, sequence[0].tag == 0x30 else { throw FormatError(.data, structure, "signature", "one SEQUENCE was expected") }
        let integers = try distinguished(sequence[0].value)
        guard integers.count == 2, integers.allSatisfy({ $0.tag == 0x02 && isPositiveInteger($0.value) }) else {
            throw FormatError(.data, structure, "signature", "two positive INTEGERs were expected")
        }
    }

    /// Not negative, not zero, without needless zeroes in front.
    private static func isPositiveInteger(_ value: [UInt8]) -> Bool {
        guard let first = value.first, first & 0x80 == 0 else { return false }
        if first == 0 { return value.count > 1 && value[1] & 0x80 != 0 }
        return true
    }
}
