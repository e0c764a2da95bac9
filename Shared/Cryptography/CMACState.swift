internal import COpenSSL

/// CMAC's state machine: subkeys, the chain, and the bytes that may still turn out to be the last block.
// Unchecked: what the pointer leads to has this value as its only owner, and the value cannot be copied.
struct CMACState: ~Copyable, @unchecked Sendable {
    private static let chunk = 1024
    /// Up to this many bytes a message goes through the cipher in one call.
    static let shortMessage = 1024

    private var chain: BlockChain
    private let completeSubkey: Block
    private let paddedSubkey: Block
    private var isFirst = true
    /// The last 1 to 16 bytes seen: which subkey they get is known at the end only.
    private let held: UnsafeMutableRawBufferPointer
    private var heldCount = 0

    init(key: SecretBytes) throws(CryptographyError) {
        var chain = try BlockChain(key: key)
        // SP 800-38B 6.1: L = AES(0), K1 = L·x, K2 = L·x².
        let subkeys = withUnsafeTemporaryAllocation(byteCount: 16, alignment: 16) { block -> (Block, Block)? in
            block.initializeMemory(as: UInt8.self, repeating: 0)
            guard let start = block.baseAddress, chain.chain(start, 16) else { return nil }
            Self.double(block)
            let complete = Block(UnsafeRawPointer(start))
            Self.double(block)
            let padded = Block(UnsafeRawPointer(start))
            cleanse(block)
            return (complete, padded)
        }
        guard let subkeys else { throw .fromLibrary(.libraryFailure, "AES-CMAC could not be set up") }
        (completeSubkey, paddedSubkey) = subkeys
        self.chain = chain
        held = .allocate(byteCount: 16, alignment: 16)
        held.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit {
        cleanse(held)
        held.deallocate()
    }

    mutating func begin() {
        isFirst = true
        heldCount = 0
    }

    mutating func absorb(_ message: UnsafeRawBufferPointer) -> Bool {
        var rest = message
        while !rest.isEmpty {
            // Room for held bytes and a chunk; all but the last 1 to 16 bytes are encrypted, those are held.
            let total = min(heldCount + rest.count, Self.chunk)
            let taken = total - heldCount
            let kept = (total - 1) % 16 + 1
            let done = withUnsafeTemporaryAllocation(byteCount: total, alignment: 16) { work in
                work.copyMemory(from: UnsafeRawBufferPointer(rebasing: held[..<heldCount]))
                UnsafeMutableRawBufferPointer(rebasing: work[heldCount...]).copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<taken]))
                held.copyMemory(from: UnsafeRawBufferPointer(rebasing: work[(total - kept)...]))
                heldCount = kept
                let done = encrypt(UnsafeMutableRawBufferPointer(rebasing: work[..<(total - kept)]))
                cleanse(work)
                return done
            }
            guard done else { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
        }
        return true
    }

    mutating func finish(into code: UnsafeMutableRawBufferPointer) -> Bool {
        guard let start = held.baseAddress else { return false }
        if heldCount == 16 {
            completeSubkey.xor(into: start)
        } else {
            held[heldCount] = 0x80
            for index in (heldCount + 1)..<16 { held[index] = 0 }
            paddedSubkey.xor(into: start)
        }
        guard encrypt(held) else { return false }
        code.copyMemory(from: UnsafeRawBufferPointer(held))
        return true
    }

    /// The whole of a message of at most `shortMessage` bytes, beside any message that is being absorbed.
    mutating func code(ofShort message: UnsafeRawBufferPointer, into code: UnsafeMutableRawBufferPointer) -> Bool {
        let count = message.count
        let total = max((count + 15) / 16 * 16, 16)
        return withUnsafeTemporaryAllocation(byteCount: total, alignment: 16) { work in
            guard let start = work.baseAddress, let target = code.baseAddress else { return false }
            let lastBlock = start + (total - 16)
            if count == total {
                work.copyMemory(from: message)
                completeSubkey.xor(into: lastBlock)
            } else {
                lastBlock.initializeMemory(as: UInt8.self, repeating: 0, count: 16)
                work.copyMemory(from: message)
                work[count] = 0x80
                paddedSubkey.xor(into: lastBlock)
            }
            chain.cancel(in: start)
            let done = chain.chain(start, total)
            target.copyMemory(from: lastBlock, byteCount: 16)
            cleanse(work)
            return done
        }
    }

    private mutating func encrypt(_ blocks: UnsafeMutableRawBufferPointer) -> Bool {
        guard let start = blocks.baseAddress, blocks.count > 0 else { return true }
        if isFirst {
            chain.cancel(in: start)
            isFirst = false
        }
        return chain.chain(start, blocks.count)
    }

    /// Multiplication by x in GF(2^128).
    private static func double(_ block: UnsafeMutableRawBufferPointer) {
        let carry = block[0] >> 7
        for index in 0..<15 { block[index] = block[index] << 1 | block[index + 1] >> 7 }
        block[15] = block[15] << 1 ^ carry &* 0x87
    }
}
