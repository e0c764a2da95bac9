import Cryptography
import Foundation
import GlobalPlatform
import Identity
import ServiceKit

/// The keys of a card's Issuer Security Domain in the clear, as a manufacturer delivers them: a file for its owner only, which whoever
/// brings the keys into a vault destroys afterwards.
struct IssuerKeyFile: Codable, Sendable {
    /// 01 to 7F.
    var keyVersionNumber: UInt8
    var enc: HexBytes
    var mac: HexBytes
    var dek: HexBytes

    init(keyVersionNumber: UInt8, keys: SCP03StaticKeys) {
        self.keyVersionNumber = keyVersionNumber
        func bytes(_ key: SecretBytes) -> HexBytes { HexBytes(key.withUnsafeBytes { [UInt8]($0) }) }
        enc = bytes(keys.enc)
        mac = bytes(keys.mac)
        dek = bytes(keys.dek)
    }

    /// - Throws: ``ToolFailure``.
    static func read(_ path: String) throws(ToolFailure) -> IssuerKeyFile {
        let bytes = try Programs.read(path)
        do { return try WireJSON.decode(IssuerKeyFile.self, from: bytes) } catch {
            throw ToolFailure("\(path) is no file of keys ({\"keyVersionNumber\":48,\"enc\":…,\"mac\":…,\"dek\":…}): \(WireJSON.place(of: error))")
        }
    }

    func write(to path: String) throws {
        try AtomicFile.write(WireJSON.encode(self), to: path, mode: AtomicFile.secretMode)
    }

    /// - Throws: ``ToolFailure`` for keys that are not 16, 24 or 32 bytes alike.
    func keys() throws(ToolFailure) -> SCP03StaticKeys {
        do {
            return try SCP03StaticKeys(enc: SecretBytes(copying: enc.bytes), mac: SecretBytes(copying: mac.bytes), dek: SecretBytes(copying: dek.bytes))
        } catch {
            throw ToolFailure("the keys cannot be used: \(error)")
        }
    }
}
