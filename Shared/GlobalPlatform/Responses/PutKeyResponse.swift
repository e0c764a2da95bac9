/// What PUT KEY answers: the key version and the check value of every key, which the host compares with its own (GPCS 2.3.1, 11.8.3.1).
public struct PutKeyResponse: Hashable, Sendable {
    public var version: UInt8
    /// Three bytes each.
    public var checkValues: [[UInt8]]

    public init(version: UInt8, checkValues: [[UInt8]]) {
        self.version = version
        self.checkValues = checkValues
    }

    public init(parsing data: [UInt8]) throws(FormatError) {
        guard let version = data.first, data.count % 3 == 1 else {
            throw FormatError(.data, "PUT KEY response", "length", "a version and check values of 3 bytes were expected, not \(data.count) bytes")
        }
        self.version = version
        checkValues = stride(from: 1, to: data.count, by: 3).map { Array(data[$0..<$0 + 3]) }
    }

    public var bytes: [UInt8] { [version] + checkValues.flatMap { $0 } }
}
