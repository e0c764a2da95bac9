/// A response of ISO/IEC 7816-4: data, possibly none, and the status word.
public struct ResponseAPDU: Hashable, Sendable, CustomStringConvertible {
    public var data: [UInt8]
    public var statusWord: StatusWord

    public init(data: [UInt8] = [], statusWord: StatusWord) {
        self.data = data
        self.statusWord = statusWord
    }

    /// Reads data followed by SW1 SW2.
    public init(bytes: some Collection<UInt8>) throws(APDUError) {
        guard bytes.count >= 2 else { throw APDUError.tooShort(bytes.count) }
        let status = Array(bytes.suffix(2))
        data = Array(bytes.dropLast(2))
        statusWord = StatusWord(status[0], status[1])
    }

    public var bytes: [UInt8] { data + statusWord.bytes }

    public var description: String { Hex.encode(bytes) }
}
