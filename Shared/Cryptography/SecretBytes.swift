internal import COpenSSL

/// Key bytes: immutable, compared in constant time, overwritten when the last reference goes, and never printed.
///
/// Deliberately neither `Codable` nor `Hashable`: whoever stores a key seals or wraps it first.
// Unchecked: the memory behind the pointer is written in the initialiser only and freed in deinit.
public final class SecretBytes: @unchecked Sendable {
    private let storage: UnsafeMutableRawBufferPointer

    /// Length in bytes.
    public var count: Int { storage.count }

    /// `count` bytes that `body` fills in; they are zero before.
    public init<Failure: Error>(count: Int, initializingWith body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 16)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        storage = UnsafeMutableRawBufferPointer(rebasing: memory[..<max(count, 0)])
        try body(storage)
    }

    /// A copy; the original stays with the caller.
    public convenience init(copying bytes: some Collection<UInt8>) {
        self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
    }

    /// Takes the bytes over and overwrites the array they came in, if nobody else shares it.
    public convenience init(consuming bytes: consuming [UInt8]) {
        var bytes = bytes
        self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
        cleanse(&bytes)
    }

    deinit {
        cleanse(storage)
        storage.baseAddress?.deallocate()
    }

    /// Lends the bytes for the duration of `body`; the pointer must not escape it.
    public func withUnsafeBytes<Result, Failure: Error>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Result) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(storage))
    }

    /// A fresh key of `count` bytes.
    public static func random(count: Int, using source: some RandomSource) throws(CryptographyError) -> SecretBytes {
        SecretBytes(consuming: try source.bytes(count))
    }
}

extension SecretBytes: Equatable {
    public static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        guard left.count == right.count else { return false }
        return left.withUnsafeBytes { a in right.withUnsafeBytes { b in CRYPTO_memcmp(a.baseAddress, b.baseAddress, a.count) == 0 } }
    }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "SecretBytes(\(count))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
