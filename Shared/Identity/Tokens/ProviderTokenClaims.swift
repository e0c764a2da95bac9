/// What a service provider's backend shows to the Provider API: a short-lived token, bound by the TLS client certificate and not to a device.
public struct ProviderTokenClaims: Sendable, Hashable, Codable {
    public let iss: String
    /// One or several audiences; a single string on the wire is one.
    public let aud: [String]
    /// Seconds since 1970.
    public let exp: Int64
    public let iat: Int64
    public let jti: String
    /// Service provider's ID, lower-case UUID.
    public let sp: String

    public init(iss: String, aud: [String], exp: Int64, iat: Int64, jti: String, sp: String) {
        self.iss = iss
        self.aud = aud
        self.exp = exp
        self.iat = iat
        self.jti = jti
        self.sp = sp
    }

    private enum CodingKeys: String, CodingKey { case iss, aud, exp, iat, jti, sp }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        iss = try members.decode(String.self, forKey: .iss)
        if let one = try? members.decode(String.self, forKey: .aud) {
            aud = [one]
        } else {
            aud = try members.decode([String].self, forKey: .aud)
        }
        exp = try members.decode(Int64.self, forKey: .exp)
        iat = try members.decode(Int64.self, forKey: .iat)
        jti = try members.decode(String.self, forKey: .jti)
        sp = try members.decode(String.self, forKey: .sp)
    }
}

/// The claims that every token of ours has and that decide whether it is for us and for now.
protocol TimedClaims: Decodable {
    var iss: String { get }
    var aud: [String] { get }
    var exp: Int64 { get }
    var iat: Int64 { get }
    var sp: String { get }
}

extension ProviderTokenClaims: TimedClaims {}
extension AccessTokenClaims: TimedClaims {}
