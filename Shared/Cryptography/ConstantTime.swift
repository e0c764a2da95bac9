internal import COpenSSL

/// Compares without telling by its duration where two values differ. Different lengths are unequal at once: lengths are public.
public func constantTimeEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
    let left = Array(left)
    let right = Array(right)
    guard left.count == right.count else { return false }
    return CRYPTO_memcmp(left, right, left.count) == 0
}

/// Overwrites memory in a way that the optimiser may not remove.
func cleanse(_ buffer: UnsafeMutableRawBufferPointer) {
    guard let start = buffer.baseAddress, buffer.count > 0 else { return }
    OPENSSL_cleanse(start, buffer.count)
}

/// Overwrites a buffer that held secrets. Meaningful only for an array that nobody else shares.
func cleanse(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { cleanse($0) }
}
