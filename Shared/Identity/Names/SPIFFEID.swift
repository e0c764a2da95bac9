/// A workload's identity as a URI, `spiffe://trust-domain/path` (SPIFFE-ID specification, section 2).
///
/// Parsing is strict, since two spellings of one identity would defeat an allow-list: lower-case scheme and trust
/// domain, no port, user info, query, fragment or percent-encoding, no empty or dot segments, no trailing slash.
public struct SPIFFEID: Sendable, Hashable, CustomStringConvertible {
    /// Longest ID a conforming implementation must support, in bytes (section 2.3).
    public static let maximumLength = 2048
    /// Longest trust domain name, in bytes (section 2.3).
    public static let maximumTrustDomainLength = 255

    private static let scheme = "spiffe://"

    /// For example `sp-tsm.example`.
    public let trustDomain: String
    /// Empty for a trust domain's own ID, else begins with `/`, for example `/gateway-handset`.
    public let path: String

    /// - Throws: ``IdentityError`` `invalidSPIFFEID`, naming the rule that the text breaks.
    public init(_ text: String) throws(IdentityError) {
        func refused(_ why: String) -> IdentityError {
            IdentityError(.invalidSPIFFEID, "\"\(text.prefix(200))\" is not a SPIFFE ID: \(why)")
        }
        guard text.utf8.count <= Self.maximumLength else { throw refused("longer than \(Self.maximumLength) bytes") }
        guard text.hasPrefix(Self.scheme) else { throw refused("it does not begin with \(Self.scheme)") }
        let rest = text.dropFirst(Self.scheme.count)
        let trustDomain = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(trustDomain.count)

        guard !trustDomain.isEmpty else { throw refused("the trust domain is empty") }
        guard trustDomain.utf8.count <= Self.maximumTrustDomainLength else { throw refused("the trust domain is longer than \(Self.maximumTrustDomainLength) bytes") }
        guard trustDomain.utf8.allSatisfy(Self.isTrustDomainByte) else {
            throw refused("a trust domain has only a-z, 0-9, '.', '-' and '_'")
        }
        if !path.isEmpty {
            for segment in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
                guard !segment.isEmpty else { throw refused("a path segment is empty") }
                guard segment != "." && segment != ".." else { throw refused("a path segment is '.' or '..'") }
                guard segment.utf8.allSatisfy(Self.isPathByte) else {
                    throw refused("a path segment has only letters, digits, '.', '-' and '_'")
                }
            }
        }
        self.trustDomain = String(trustDomain)
        self.path = String(path)
    }

    public var description: String { Self.scheme + trustDomain + path }

    private static func isTrustDomainByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func isPathByte(_ byte: UInt8) -> Bool {
        isTrustDomainByte(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}

extension SPIFFEID: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do throws(IdentityError) {
            self = try SPIFFEID(container.decodeText())
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.reason)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension SingleValueDecodingContainer {
    /// The string, with a decoding failure as this module's error, so that callers can use one typed `do`.
    func decodeText() throws(IdentityError) -> String {
        do {
            return try decode(String.self)
        } catch {
            throw IdentityError(.invalidPeerName, "a string is expected")
        }
    }
}
