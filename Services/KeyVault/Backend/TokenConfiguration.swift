import Cryptography
import Foundation
import PKCS11
import ServiceKit

/// `backend: {pkcs11: …}`: which token, and how to log in.
public struct TokenConfiguration: Sendable, Hashable, Decodable {
    /// The module's shared library.
    public var module: String
    /// CKA label of the token.
    public var tokenLabel: String
    /// The user's PIN, in a file that nobody else may read; line ends are left out.
    public var pinFile: String
    /// Label of the root key, which `key-vault init` has the token make.
    public var rootKeyLabel: String
    /// Sessions that are open at most.
    public var sessions: Int

    private enum CodingKeys: String, CodingKey { case module, tokenLabel, pinFile, rootKeyLabel, sessions }

    public init(module: String, tokenLabel: String, pinFile: String, rootKeyLabel: String = "tsms-root", sessions: Int = 4) {
        self.module = module
        self.tokenLabel = tokenLabel
        self.pinFile = pinFile
        self.rootKeyLabel = rootKeyLabel
        self.sessions = sessions
    }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            module: try keys.decode(String.self, forKey: .module), tokenLabel: try keys.decode(String.self, forKey: .tokenLabel),
            pinFile: try keys.decode(String.self, forKey: .pinFile), rootKeyLabel: try keys.decode(String.self, forKey: .rootKeyLabel, default: "tsms-root"),
            sessions: try keys.decode(Int.self, forKey: .sessions, default: 4))
        guard (1...32).contains(tokenLabel.utf8.count), (1...64).contains(rootKeyLabel.utf8.count), (1...64).contains(sessions) else {
            throw DecodingError.dataCorrupted(.init(
                codingPath: decoder.codingPath, debugDescription: "a token label of 1 to 32 bytes, a root key label of 1 to 64 and 1 to 64 sessions are expected"))
        }
    }

    /// The token; nothing is opened yet.
    /// - Throws: `TokenFailure` `module`.
    public func token() throws(TokenFailure) -> Token {
        let file = pinFile
        return Token(module: try TokenModule.load(module), label: tokenLabel, sessions: sessions) { () throws(TokenFailure) in try Self.pin(file) }
    }

    static func pin(_ file: String) throws(TokenFailure) -> SecretBytes {
        do {
            var bytes = try SecretFile(path: file).read(maximumBytes: 1024)
            while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
            return SecretBytes(consuming: bytes)
        } catch {
            // Whoever calls the vault is told the reason of a seal, and has no business with paths.
            throw TokenFailure(.pinRefused, "the token's pinFile is missing, or others than the vault's user may read it")
        }
    }
}
