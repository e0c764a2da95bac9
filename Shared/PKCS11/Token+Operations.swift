import CPKCS11
import Cryptography

/// What the token computes with keys that stay in it.
extension Token {
    /// AES-CMAC of each message: 16 bytes, which are keys to whoever derives with it.
    public func cmac(over messages: [[UInt8]], with key: TokenKey) throws(TokenFailure) -> [SecretBytes] {
        try run { session in
            let handle = try handle(of: key, session)
            return try messages.map { message in
                try TokenMechanism.aesCMAC.with { try session.check(session.functions.C_SignInit(session.handle, $0, handle), "derive") }
                return try Self.output(count: 16, session, "derive") { session.functions.C_Sign(session.handle, message, CK_ULONG(message.count), $0, $1) }
            }
        }
    }

    /// Each message's blocks under a two-key triple DES key.
    public func tripleDES(_ messages: [[UInt8]], with key: TokenKey) throws(TokenFailure) -> [SecretBytes] {
        try run { session in
            let handle = try handle(of: key, session)
            return try messages.map { message in
                try TokenMechanism.tripleDESECB.with { try session.check(session.functions.C_EncryptInit(session.handle, $0, handle), "derive") }
                return try Self.output(count: message.count, session, "derive") { session.functions.C_Encrypt(session.handle, message, CK_ULONG(message.count), $0, $1) }
            }
        }
    }

    /// ECDSA over a digest: `r | s`.
    public func sign(digest: [UInt8], with key: TokenKey) throws(TokenFailure) -> [UInt8] {
        try run { session in
            let handle = try handle(of: key, session)
            try TokenMechanism.ecdsa.with { try session.check(session.functions.C_SignInit(session.handle, $0, handle), "sign") }
            return try Self.output(count: 64, session, "sign") { session.functions.C_Sign(session.handle, digest, CK_ULONG(digest.count), $0, $1) }.withUnsafeBytes { [UInt8]($0) }
        }
    }

    /// AES key wrap (RFC 3394) of keys of 16, 24 or 32 bytes under a key of the token. For the time of the call they are objects of one session.
    public func wrap(_ keys: [SecretBytes], under key: TokenKey) throws(TokenFailure) -> [[UInt8]] {
        try run { session in
            let wrapping = try handle(of: key, session)
            return try keys.map { key in
                var passing: CK_OBJECT_HANDLE = 0
                let template = Self.passing()
                try key.withUnsafeBytes { bytes in
                    try template.withTemplate(value: bytes) { try session.check(session.functions.C_CreateObject(session.handle, $0, $1, &passing), "take a key to wrap") }
                }
                defer { _ = session.functions.C_DestroyObject(session.handle, passing) }
                return try TokenMechanism.aesKeyWrap.with { mechanism in
                    try Self.output(count: key.count + 8, session, "wrap") { session.functions.C_WrapKey(session.handle, mechanism, wrapping, passing, $0, $1) }
                        .withUnsafeBytes { [UInt8]($0) }
                }
            }
        }
    }

    /// The inverse of `wrap`.
    /// - Throws: `unwrapFailed` for what was altered, or wrapped under another key.
    public func unwrap(_ wrapped: [[UInt8]], under key: TokenKey) throws(TokenFailure) -> [SecretBytes] {
        guard wrapped.allSatisfy({ [24, 32, 40].contains($0.count) }) else { throw TokenFailure(.unwrapFailed, "a wrapped key has 24, 32 or 40 bytes") }
        return try run { session in
            let unwrapping = try handle(of: key, session)
            return try wrapped.map { bytes in
                var passing: CK_OBJECT_HANDLE = 0
                let template = Self.passing()
                let value = TokenMechanism.aesKeyWrap.with { mechanism in
                    template.withTemplate { session.functions.C_UnwrapKey(session.handle, mechanism, unwrapping, bytes, CK_ULONG(bytes.count), $0, $1, &passing) }
                }
                // Some modules call a failed integrity check a general error; an outage shows with the next call.
                if ReturnValue.wrappedKeyInvalid.contains(value) || value == 0x5 || value == 0x6 { throw TokenFailure(.unwrapFailed, "the wrapped key does not verify") }
                try session.check(value, "unwrap")
                defer { _ = session.functions.C_DestroyObject(session.handle, passing) }
                return try attribute(.value, of: passing, session)
            }
        }
    }

    /// An object of the session alone, which may be read back.
    private static func passing() -> TokenAttributes {
        var template = TokenAttributes(.secretKey, .aes)
        template.set(.extractable, to: true)
        template.set(.token, .sensitive, to: false)
        return template
    }

    private static func output(count: Int, _ session: Session, _ doing: String, _ call: (UnsafeMutablePointer<CK_BYTE>?, UnsafeMutablePointer<CK_ULONG>) -> CK_RV) throws -> SecretBytes {
        try SecretBytes(count: count) { buffer in
            var length = CK_ULONG(buffer.count)
            try session.check(call(buffer.baseAddress?.assumingMemoryBound(to: CK_BYTE.self), &length), doing)
            guard length == CK_ULONG(count) else { throw TokenFailure(.refused, "the token answers \(length) bytes where \(count) are expected") }
        }
    }
}
