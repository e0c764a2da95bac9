internal import COpenSSL

/// A 16-byte block as two words, for exclusive or without loops.
struct Block: Sendable {
    var high: UInt64 = 0
    var low: UInt64 = 0

    init() {}

    init(_ source: UnsafeRawPointer) {
        high = source.loadUnaligned(as: UInt64.self)
        low = source.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    }

    func xor(into target: UnsafeMutableRawPointer) {
        target.storeBytes(of: target.loadUnaligned(as: UInt64.self) ^ high, as: UInt64.self)
        target.storeBytes(of: target.loadUnaligned(fromByteOffset: 8, as: UInt64.self) ^ low, toByteOffset: 8, as: UInt64.self)
    }
}

/// A keyed AES-CBC encryption context that starts over from an initial value of zero without being set up again.
///
/// The library's context goes on chaining from its last output block. Adding that block to the first block of a new message
/// cancels it, which is far cheaper than giving the context a new initial value for every short command.
struct BlockChain: ~Copyable, Sendable {
    private let context: CipherContext
    private var last = Block()

    init(key: SecretBytes) throws(CryptographyError) {
        context = try CipherContext(Algorithms.cbc.cipher(keyLength: key.count), .encrypt, key: key, iv: [UInt8](repeating: 0, count: 16))
    }

    /// Forgets what has been chained so far. Only for the first block of a message.
    func cancel(in firstBlock: UnsafeMutableRawPointer) { last.xor(into: firstBlock) }

    /// Encrypts whole blocks in place, chained to what went before. False if the library refuses.
    mutating func chain(_ start: UnsafeMutableRawPointer, _ count: Int) -> Bool {
        var written: Int32 = 0
        let bytes = start.assumingMemoryBound(to: UInt8.self)
        guard EVP_EncryptUpdate(context.pointer, bytes, &written, bytes, Int32(count)) == 1, Int(written) == count else { return false }
        last = Block(UnsafeRawPointer(start + count - 16))
        return true
    }

}
