import CPKCS11
import Cryptography

/// Names a key in a token: its CKA_ID, which whoever made it chose at random, and what kind of key it is.
public struct TokenKey: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case aes, twoKeyTripleDES
        /// The private half.
        case signing
    }

    public let identifier: [UInt8]
    public let kind: Kind

    public init(_ identifier: [UInt8], _ kind: Kind) {
        self.identifier = identifier
        self.kind = kind
    }
}

/// The only thing that a key in the token may do; everything else the token itself refuses.
public enum TokenKeyUse: Sendable, Hashable {
    /// AES-CMAC: KDF3.
    case derive
    /// ECB of single blocks: EMV CPS and VISA2.
    case encipher
    /// AES key wrap, both ways.
    case wrap

    var attributes: [TokenAttributes.Name] {
        switch self {
        case .derive: [.sign]
        case .encipher: [.encrypt]
        case .wrap: [.wrap, .unwrap]
        }
    }
}

extension Token {
    /// Puts a key into the token for good: it never comes out again.
    public func store(_ value: SecretBytes, as key: TokenKey, label: String, for use: TokenKeyUse) throws(TokenFailure) {
        let template = Self.permanent(key, label, use)
        try run { session in
            var handle: CK_OBJECT_HANDLE = 0
            try value.withUnsafeBytes { bytes in
                try template.withTemplate(value: bytes) { try session.check(session.functions.C_CreateObject(session.handle, $0, $1, &handle), "store a key") }
            }
            remember(handle, key)
        }
    }

    /// Has the token make an AES-256 key that never leaves it.
    public func generate(_ key: TokenKey, label: String, for use: TokenKeyUse) throws(TokenFailure) {
        var template = Self.permanent(key, label, use)
        template.setLength(32)
        try run { session in
            var handle: CK_OBJECT_HANDLE = 0
            try TokenMechanism.aesGeneration.with { mechanism in
                try template.withTemplate { try session.check(session.functions.C_GenerateKey(session.handle, mechanism, $0, $1, &handle), "make a key") }
            }
            remember(handle, key)
        }
    }

    /// Has the token make a signing key on P-256 whose private half never leaves it.
    /// - Returns: the public point, `04 x y`.
    public func generateSigningKey(_ identifier: [UInt8], label: String) throws(TokenFailure) -> [UInt8] {
        // prime256v1 as a named curve, DER.
        let curve: [UInt8] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
        var publicHalf = TokenAttributes(.publicKey, .ellipticCurve)
        publicHalf.set(.ellipticCurve, curve)
        publicHalf.set(.id, identifier)
        publicHalf.set(.label, Array(label.utf8))
        publicHalf.set(.token, .verify, to: true)
        publicHalf.set(.private, to: false)
        var privateHalf = TokenAttributes(.privateKey, .ellipticCurve)
        privateHalf.set(.id, identifier)
        privateHalf.set(.label, Array(label.utf8))
        privateHalf.set(.token, .private, .sensitive, .sign, to: true)
        privateHalf.set(.extractable, .decrypt, .unwrap, .derive, to: false)
        return try run { session in
            var (publicHandle, privateHandle): (CK_OBJECT_HANDLE, CK_OBJECT_HANDLE) = (0, 0)
            try TokenMechanism.ellipticCurveGeneration.with { mechanism in
                try publicHalf.withTemplate { publicTemplate, publicCount in
                    try privateHalf.withTemplate { privateTemplate, privateCount in
                        try session.check(
                            session.functions.C_GenerateKeyPair(
                                session.handle, mechanism, publicTemplate, publicCount, privateTemplate, privateCount, &publicHandle, &privateHandle),
                            "make a signing key")
                    }
                }
            }
            remember(privateHandle, TokenKey(identifier, .signing))
            let encoded = try attribute(.point, of: publicHandle, session).withUnsafeBytes { [UInt8]($0) }
            // An OCTET STRING around the point; some modules give the point itself.
            let point = encoded.count == 67 && encoded.starts(with: [0x04, 0x41, 0x04]) ? Array(encoded.dropFirst(2)) : encoded
            guard point.count == 65, point.first == 0x04 else { throw TokenFailure(.refused, "the token gives the public key in a form that is not known") }
            return point
        }
    }

    /// Identifiers of the secret keys with a label.
    public func identifiers(label: String) throws(TokenFailure) -> [[UInt8]] {
        var template = TokenAttributes(.secretKey, .aes)
        template.set(.token, to: true)
        template.set(.label, Array(label.utf8))
        return try run { session in
            try find(template, session).map { handle in try attribute(.id, of: handle, session).withUnsafeBytes { [UInt8]($0) } }
        }
    }

    /// Asks the token itself for the key.
    /// - Throws: `keyMissing` when it is not there.
    public func require(_ key: TokenKey) throws(TokenFailure) {
        try run { session in
            guard try find(Self.search(key), session).count == 1 else { throw TokenFailure(.keyMissing, "token '\(label)' does not have the vault's key any more") }
        }
    }

    /// Destroys all keys with this identifier.
    public func destroy(_ identifier: [UInt8]) throws(TokenFailure) {
        forget(identifier)
        try run { session in
            for (kind, type) in [(TokenAttributes.ObjectClass.secretKey, TokenAttributes.KeyType.aes), (.secretKey, .twoKeyTripleDES), (.privateKey, .ellipticCurve),
                                 (.publicKey, .ellipticCurve)] {
                var template = TokenAttributes(kind, type)
                template.set(.token, to: true)
                template.set(.id, identifier)
                for handle in try find(template, session) { try session.check(session.functions.C_DestroyObject(session.handle, handle), "destroy a key") }
            }
        }
    }

    // MARK: -

    /// The handle of a key.
    /// - Throws: `keyMissing` unless there is exactly one.
    func handle(of key: TokenKey, _ session: Session) throws -> CK_OBJECT_HANDLE {
        if let known = cachedHandle(key) { return known }
        let found = try find(Self.search(key), session)
        guard let handle = found.first, found.count == 1 else {
            throw TokenFailure(.keyMissing, "token '\(label)' has \(found.count) keys of the identifier that the vault's store names: it is another token, or the key was destroyed")
        }
        remember(handle, key)
        return handle
    }

    func find(_ template: TokenAttributes, _ session: Session) throws -> [CK_OBJECT_HANDLE] {
        try template.withTemplate { try session.check(session.functions.C_FindObjectsInit(session.handle, $0, $1), "look for keys") }
        var found = [CK_OBJECT_HANDLE](repeating: 0, count: 64)
        var count: CK_ULONG = 0
        let value = session.functions.C_FindObjects(session.handle, &found, CK_ULONG(found.count), &count)
        try session.check(session.functions.C_FindObjectsFinal(session.handle), "look for keys")
        try session.check(value, "look for keys")
        return Array(found.prefix(Int(count)))
    }

    /// An attribute's value, treated as if it were secret.
    func attribute(_ name: TokenAttributes.Name, of handle: CK_OBJECT_HANDLE, _ session: Session) throws -> SecretBytes {
        var query = CK_ATTRIBUTE(type: name.rawValue, pValue: nil, ulValueLen: 0)
        try session.check(session.functions.C_GetAttributeValue(session.handle, handle, &query, 1), "tell of a key")
        guard query.ulValueLen <= 4096 else { throw TokenFailure(.refused, "the token tells of a key that has no such attribute") }
        return try SecretBytes(count: Int(query.ulValueLen)) { buffer in
            query.pValue = buffer.baseAddress
            try session.check(session.functions.C_GetAttributeValue(session.handle, handle, &query, 1), "tell of a key")
        }
    }

    private static func search(_ key: TokenKey) -> TokenAttributes {
        var template: TokenAttributes = switch key.kind {
        case .aes: TokenAttributes(.secretKey, .aes)
        case .twoKeyTripleDES: TokenAttributes(.secretKey, .twoKeyTripleDES)
        case .signing: TokenAttributes(.privateKey, .ellipticCurve)
        }
        template.set(.token, to: true)
        template.set(.id, key.identifier)
        return template
    }

    private static func permanent(_ key: TokenKey, _ label: String, _ use: TokenKeyUse) -> TokenAttributes {
        var template = TokenAttributes(.secretKey, key.kind == .twoKeyTripleDES ? .twoKeyTripleDES : .aes)
        template.set(.id, key.identifier)
        template.set(.label, Array(label.utf8))
        template.set(.token, .private, .sensitive, to: true)
        template.set(.extractable, .modifiable, to: false)
        for name in [TokenAttributes.Name.encrypt, .decrypt, .wrap, .unwrap, .sign, .verify, .derive] { template.set(name, to: use.attributes.contains(name)) }
        return template
    }
}
