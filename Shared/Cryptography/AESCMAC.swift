internal import COpenSSL
import Synchronization

/// AES-CMAC (NIST SP 800-38B, RFC 4493) with one key and many messages.
///
/// Runs over the library's AES-CBC, a whole message a call: its own CMAC goes through the full call chain for every 16 bytes.
public final class AESCMAC: Sendable {
    /// Bytes in a full code.
    public static let codeLength = 16

    private let state: Mutex<CMACState>

    /// - Throws: `invalidKeyLength`.
    public init(key: SecretBytes) throws(CryptographyError) {
        state = Mutex(try CMACState(key: key))
    }

    /// The 16-byte code of `message`.
    public func code(over message: [UInt8]) throws(CryptographyError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: Self.codeLength)
        let done = message.withUnsafeBytes { message in
            result.withUnsafeMutableBytes { code in compute(message, into: code) }
        }
        guard done else { throw .fromLibrary(.libraryFailure, "AES-CMAC failed") }
        return result
    }

    /// The 16-byte code of `message`, written to `code` (16 bytes or more), without allocating for messages of up to 1 kB.
    public func code(over message: UnsafeRawBufferPointer, into code: UnsafeMutableRawBufferPointer) throws(CryptographyError) {
        guard code.count >= Self.codeLength else { throw CryptographyError(.invalidInputLength, "A code needs 16 bytes of room, not \(code.count)") }
        guard compute(message, into: code) else { throw .fromLibrary(.libraryFailure, "AES-CMAC failed") }
    }

    private func compute(_ message: UnsafeRawBufferPointer, into code: UnsafeMutableRawBufferPointer) -> Bool {
        state.withLock { state in
            if message.count <= CMACState.shortMessage { return state.code(ofShort: message, into: code) }
            state.begin()
            guard state.absorb(message) else { return false }
            return state.finish(into: code)
        }
    }

    /// The 16-byte code of `message` under `key`.
    public static func code(over message: [UInt8], key: SecretBytes) throws(CryptographyError) -> [UInt8] {
        try AESCMAC(key: key).code(over: message)
    }
}

/// AES-CMAC of one message that arrives in pieces.
public struct IncrementalAESCMAC: ~Copyable {
    private var state: CMACState

    /// - Throws: `invalidKeyLength`.
    public init(key: SecretBytes) throws(CryptographyError) {
        state = try CMACState(key: key)
        state.begin()
    }

    /// Adds the next piece, of any length.
    public mutating func update(_ piece: [UInt8]) throws(CryptographyError) {
        let done = piece.withUnsafeBytes { state.absorb($0) }
        guard done else { throw .fromLibrary(.libraryFailure, "AES-CMAC failed") }
    }

    /// The 16-byte code of everything added.
    public consuming func finalize() throws(CryptographyError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: AESCMAC.codeLength)
        let done = result.withUnsafeMutableBytes { state.finish(into: $0) }
        guard done else { throw .fromLibrary(.libraryFailure, "AES-CMAC failed") }
        return result
    }
}
