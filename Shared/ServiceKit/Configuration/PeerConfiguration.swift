import Foundation
import HTTP2
import Identity

/// A service that this one calls: where it is, who it must be, and as whom we come.
public struct PeerConfiguration: Sendable, Hashable, Decodable {
    /// https, with the base path if there is one.
    public var url: URL
    public var tls: TLSConfiguration
    /// `spiffe://…` or `dns:…` that the server's certificate must carry.
    public var expect: AllowedPeer
    /// For one request with its answer; default 10 s.
    public var timeout: Seconds

    public init(url: URL, tls: TLSConfiguration, expect: AllowedPeer, timeout: Seconds = Seconds(10)) {
        self.url = url
        self.tls = tls
        self.expect = expect
        self.timeout = timeout
    }

    private enum CodingKeys: String, CodingKey { case url, tls, expect, timeout }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        guard let url = URL(string: try keys.decode(String.self, forKey: .url)), url.scheme == "https", url.host() != nil, url.user() == nil, url.query() == nil,
            url.fragment() == nil
        else {
            throw DecodingError.dataCorruptedError(forKey: .url, in: keys, debugDescription: "an https URL without user, query or fragment is expected")
        }
        self.url = url
        tls = try keys.decode(TLSConfiguration.self, forKey: .tls)
        guard tls.trustAnchors != nil else {
            throw DecodingError.dataCorruptedError(forKey: .tls, in: keys, debugDescription: "trustAnchors is missing: the server must be verified")
        }
        expect = try keys.decode(AllowedPeer.self, forKey: .expect)
        if case .certificateSHA256 = expect {
            throw DecodingError.dataCorruptedError(forKey: .expect, in: keys, debugDescription: "spiffe://… or dns:… is expected here")
        }
        timeout = try keys.decode(Seconds.self, forKey: .timeout, default: Seconds(10))
    }

    /// The same as a TLS client checks it.
    public var expectation: PeerExpectation {
        switch expect {
        case .spiffe(let id): .spiffe(id.description)
        case .dnsName(let name): .dnsName(name)
        // Not reachable from a configuration file; matches nobody.
        case .certificateSHA256: .anyOf([])
        }
    }
}
