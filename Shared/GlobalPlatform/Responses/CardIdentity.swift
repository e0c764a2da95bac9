/// The small data objects by which a card or security domain is known: IIN and CIN, sequence counter, key diversification data.
public enum CardIdentity {
    /// The value of 42.
    public static func issuerIdentificationNumber(from response: [UInt8]) throws(FormatError) -> [UInt8] {
        try TLV.readOne(response, tag: 0x42, "issuer identification number").value
    }

    /// The value of 45.
    public static func cardImageNumber(from response: [UInt8]) throws(FormatError) -> [UInt8] {
        try TLV.readOne(response, tag: 0x45, "card image number").value
    }

    /// C1 03: the counter of the default key set, as it was last used.
    public static func sequenceCounter(from response: [UInt8]) throws(FormatError) -> UInt32 {
        let object = try TLV.readOne(response, tag: 0xC1, "sequence counter")
        guard object.value.count == 3 || object.value.count == 2 else {
            throw FormatError(.data, "sequence counter", "C1", "3 bytes were expected, not \(object.value.count)")
        }
        return try object.readNumber("sequence counter")
    }

    /// C2 02: the counter of the last receipt that the security domain made.
    public static func confirmationCounter(from response: [UInt8]) throws(FormatError) -> UInt16 {
        let object = try TLV.readOne(response, tag: 0xC2, "confirmation counter")
        guard object.value.count == 2 else { throw FormatError(.data, "confirmation counter", "C2", "2 bytes were expected, not \(object.value.count)") }
        return UInt16(object.value[0]) << 8 | UInt16(object.value[1])
    }

    /// The value of CF.
    public static func keyDiversificationData(from response: [UInt8]) throws(FormatError) -> [UInt8] {
        try TLV.readOne(response, tag: 0xCF, "key diversification data").value
    }
}
