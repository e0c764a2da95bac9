import Cryptography
import GlobalPlatform
import KeyVaultAPI

extension AuditLine {
    /// Most bytes of what a caller names in a line. More is cut; a mark and a digest stand for the whole.
    enum Bound {
        static let caller = 256
        static let process = 128
        static let keys = 1024
        static let detail = 512
    }

    init(at: String, call: VaultCall, outcome: String) throws(CryptographyError) {
        self.init(
            at: at, operation: call.operation.rawValue, caller: try Self.bounded(call.caller, Bound.caller), process: try Self.bounded(call.process, Bound.process),
            keys: try Self.bounded(call.keys.joined(separator: " "), Bound.keys), outcome: outcome, detail: try Self.bounded(call.detail, Bound.detail))
    }

    /// The text itself, or as much of it as fits with its length and SHA-256 behind it: the line stays short, and still proves what was meant.
    static func bounded(_ text: String, _ bytes: Int) throws(CryptographyError) -> String {
        let whole = Array(text.utf8)
        guard whole.count > bytes else { return text }
        let mark = " …[cut: \(whole.count) bytes, sha256 \(Hex.encode(try HashFunction.sha256.digest(of: whole)))]"
        var end = max(0, bytes - mark.utf8.count)
        // Not within a character's bytes.
        while end > 0, whole[end] & 0xC0 == 0x80 { end -= 1 }
        return String(decoding: whole[..<end], as: UTF8.self) + mark
    }
}
