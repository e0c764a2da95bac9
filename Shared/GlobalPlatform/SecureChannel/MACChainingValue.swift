/// The full 16-byte C-MAC of the command before (Amendment D, 6.2.3); zero at the start of a session. Held inline: every command makes one.
struct MACChainingValue: Hashable, Sendable {
    private var high: UInt64 = 0
    private var low: UInt64 = 0

    /// The value at the start of a session.
    init() {}

    /// From the first 16 bytes of a buffer that has them.
    init(_ source: UnsafeRawBufferPointer) {
        high = source.loadUnaligned(as: UInt64.self)
        low = source.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    }

    /// Nil unless there are exactly 16 bytes.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self = bytes.withUnsafeBytes { MACChainingValue($0) }
    }

    func store(to target: UnsafeMutableRawBufferPointer) {
        target.storeBytes(of: high, as: UInt64.self)
        target.storeBytes(of: low, toByteOffset: 8, as: UInt64.self)
    }

    var bytes: [UInt8] {
        var result = [UInt8](repeating: 0, count: 16)
        result.withUnsafeMutableBytes { store(to: $0) }
        return result
    }
}
