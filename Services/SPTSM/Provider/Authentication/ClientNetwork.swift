import Foundation

/// What of an address is one client: an IPv4 address, and of IPv6 the /64, since a single customer has at least that many addresses to choose
/// from (RFC 6177). A /64 is written as such: `2001:db8:0:1::/64`.
enum ClientNetwork {
    private static let suffix = "/64"

    /// What is no address counts as it is.
    static func of(_ address: String) -> String {
        // A zone is the listener's own business; and what is a /64 already stays one.
        let plain = address.hasSuffix(suffix) ? address.dropLast(suffix.count) : address.prefix { $0 != "%" }
        var bytes = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, String(plain), &bytes) == 1 else { return address }
        // ::ffff:0:0/96: an IPv4 client at a listener for both.
        if bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF { return bytes[12...].map(String.init).joined(separator: ".") }
        bytes.replaceSubrange(8..., with: repeatElement(0, count: 8))
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return address }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) + suffix
    }
}
