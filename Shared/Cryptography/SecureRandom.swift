internal import COpenSSL

/// Where random bytes come from. Injected, so that tests can fix them; the product uses `SystemRandom`.
public protocol RandomSource: Sendable {
    /// `count` fresh random bytes.
    func bytes(_ count: Int) throws(CryptographyError) -> [UInt8]
}

/// libcrypto's generator, seeded by the operating system.
public struct SystemRandom: RandomSource {
    private let isPrivate: Bool

    /// For challenges, nonces and identifiers: values that others will see.
    public init() { isPrivate = false }

    private init(isPrivate: Bool) { self.isPrivate = isPrivate }

    /// For keys: a generator of its own, whose state nothing public was drawn from.
    public static let forKeys = SystemRandom(isPrivate: true)

    public func bytes(_ count: Int) throws(CryptographyError) -> [UInt8] {
        guard count >= 0 else { throw CryptographyError(.invalidInputLength, "\(count) random bytes were asked for") }
        try CryptographyError.checkLength(count, of: "A random value")
        guard count > 0 else { return [] }
        var result = [UInt8](repeating: 0, count: count)
        ERR_clear_error()
        let status = isPrivate ? RAND_priv_bytes(&result, Int32(count)) : RAND_bytes(&result, Int32(count))
        guard status == 1 else { throw .fromLibrary(.randomSourceFailed, "The random generator gave no bytes") }
        return result
    }
}
