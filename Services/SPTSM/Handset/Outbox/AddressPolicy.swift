import Foundation

/// A block of addresses, such as `10.0.0.0/8` or `fd00::/8`; without a prefix length one address.
struct AddressBlock: Sendable, Hashable, Decodable {
    /// 4 or 16.
    let network: [UInt8]
    let prefix: Int

    /// - Returns: nil for a text that is none.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...2).contains(parts.count), let bytes = AddressPolicy.bytes(parts[0]) else { return nil }
        network = bytes
        if parts.count == 1 {
            prefix = bytes.count * 8
        } else {
            guard let length = Int(parts[1]), String(length) == parts[1], (0...bytes.count * 8).contains(length) else { return nil }
            prefix = length
        }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let block = AddressBlock(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "an address or a block of addresses is expected, such as 127.0.0.1 or 10.0.0.0/8")
        }
        self = block
    }

    func contains(_ address: [UInt8]) -> Bool {
        guard address.count == network.count else { return false }
        let (whole, rest) = (prefix / 8, prefix % 8)
        guard address.prefix(whole) == network.prefix(whole) else { return false }
        return rest == 0 || (address[whole] ^ network[whole]) >> (8 - rest) == 0
    }
}

/// Where results may be sent. A service provider chooses the URL, so it must not lead into our own network: only addresses that are reachable
/// from anywhere are permitted, and those that the operator names. Asked for each address just before it is connected to. Pure.
struct AddressPolicy: Sendable, Hashable {
    var allowed: [AddressBlock]

    init(allowed: [AddressBlock] = []) { self.allowed = allowed }

    /// - Parameter address: numeric, as the resolver gave it.
    func permits(_ address: String) -> Bool {
        // A scope (`fe80::1%eth0`) makes an address local whatever it begins with.
        guard let bytes = Self.bytes(address) else { return false }
        if allowed.contains(where: { $0.contains(bytes) }) { return true }
        if bytes.count == 4 { return !Self.notGlobal4.contains { $0.contains(bytes) } }
        return Self.global6.contains { $0.contains(bytes) } && !Self.notGlobal6.contains { $0.contains(bytes) }
    }

    /// IANA's registry of special-purpose IPv4 addresses: what is not globally reachable, multicast and reserved.
    private static let notGlobal4 = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    ].compactMap { AddressBlock($0) }

    /// All that is assigned for global unicast: loopback, link-local, unique local, multicast, mapped and translated IPv4 lie outside.
    private static let global6 = ["2000::/3"].compactMap { AddressBlock($0) }
    /// Protocol assignments with Teredo, documentation, and 6to4, whose addresses contain an IPv4 address.
    private static let notGlobal6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"].compactMap { AddressBlock($0) }

    /// 4 or 16 bytes; nil for anything but a numeric address.
    static func bytes(_ text: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: four) { Array($0) } }
        var six = in6_addr()
        if inet_pton(AF_INET6, text, &six) == 1 { return withUnsafeBytes(of: six) { Array($0) } }
        return nil
    }
}
