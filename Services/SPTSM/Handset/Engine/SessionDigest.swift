import Crypto
import GlobalPlatform

/// Session IDs open a dialog's door, so the store keeps only their digest; the same digest tells repeated requests and reports apart.
enum SessionDigest {
    static func of(_ text: String) -> String { of(Array(text.utf8)) }

    static func of(_ bytes: some Sequence<UInt8>) -> String {
        Hex.encode(Array(SHA256.hash(data: Array(bytes))))
    }
}
