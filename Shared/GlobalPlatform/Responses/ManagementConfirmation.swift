/// What INSTALL, the last LOAD and DELETE answer (GPCS 2.3.1, 11.1.6): 00, or a confirmation with the receipt of a card that issues receipts.
public struct ManagementConfirmation: Hashable, Sendable {
    /// Empty when the card issued none.
    public var receipt: [UInt8]
    /// Counter, the security domain's data and what else the receipt was computed over.
    public var data: [UInt8]

    public static let none = ManagementConfirmation(receipt: [], data: [])

    public init(receipt: [UInt8], data: [UInt8]) {
        self.receipt = receipt
        self.data = data
    }

    /// Blocks of LOAD before the last may answer nothing at all, as some cards do to the others too.
    public init(parsing response: [UInt8]) throws(FormatError) {
        self = .none
        if response.isEmpty || response == [0x00] { return }
        var reader = FieldReader(response, structure: "confirmation")
        var inner = FieldReader(try reader.berField("confirmation"), structure: "confirmation")
        try reader.finish()
        receipt = try inner.berField("receipt")
        data = try inner.take(inner.remaining, "confirmation data")
    }

    public var bytes: [UInt8] {
        if receipt.isEmpty && data.isEmpty { return [0x00] }
        let inner = TLV.encodeLength(receipt.count) + receipt + data
        return TLV.encodeLength(inner.count) + inner
    }

    /// 02 and the counter at the start of the confirmation data.
    public var counter: UInt16? {
        guard data.count >= 3, data[0] == 0x02 else { return nil }
        return UInt16(data[1]) << 8 | UInt16(data[2])
    }
}
