/// What an access token says: which app installation of which service provider, bound to which device key (RFC 9068, RFC 9449 section 6).
public struct AccessTokenClaims: Sendable, Hashable, Codable {
    /// `typ` of access tokens (RFC 9068, section 2.1).
    public static let tokenType = "at+jwt"

    public struct Confirmation: Sendable, Hashable, Codable {
        /// RFC 7638 thumbprint of the device key.
        public let jkt: String
        public init(jkt: String) { self.jkt = jkt }
    }

    public let iss: String
    public let sub: String?
    /// One or several audiences; a single string on the wire is one.
    public let aud: [String]
    /// Seconds since 1970.
    public let exp: Int64
    public let iat: Int64
    public let jti: String
    /// Service provider's ID, lower-case UUID.
    public let sp: String
    /// Hash of the app's certificate, lower-case hexadecimal (TR-03165 DeviceAppID).
    public let deviceAppId: String
    public let cnf: Confirmation

    public init(iss: String, sub: String? = nil, aud: [String], exp: Int64, iat: Int64, jti: String, sp: String, deviceAppId: String, deviceKeyThumbprint: String) {
        self.iss = iss
        self.sub = sub
        self.aud = aud
        self.exp = exp
        self.iat = iat
        self.jti = jti
        self.sp = sp
        self.deviceAppId = deviceAppId
        cnf = Confirmation(jkt: deviceKeyThumbprint)
    }

    private enum CodingKeys: String, CodingKey { case iss, sub, aud, exp, iat, jti, sp, deviceAppId, cnf }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        iss = try members.decode(String.self, forKey: .iss)
        sub = try members.decodeIfPresent(String.self, forKey: .sub)
        if let one = try? members.decode(String.self, forKey: .aud) {
            aud = [one]
        } else {
            aud = try members.decode([String].self, forKey: .aud)
        }
        exp = try members.decode(Int64.self, forKey: .exp)
        iat = try members.decode(Int64.self, forKey: .iat)
        jti = try members.decode(String.self, forKey: .jti)
        sp = try members.decode(String.self, forKey: .sp)
        deviceAppId = try members.decode(String.self, forKey: .deviceAppId)
        cnf = try members.decode(Confirmation.self, forKey: .cnf)
    }
}
