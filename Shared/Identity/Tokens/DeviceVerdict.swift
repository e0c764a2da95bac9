import Foundation

/// What a service provider's integrity service says of a device, signed (TR-03165 4.2.2): this app, with this device key, at this time. However a platform
/// attests its devices, the service provider's backend judges that and says the outcome in this form.
public struct DeviceVerdict: Sendable, Hashable, Codable {
    /// `typ` of verdicts.
    public static let tokenType = "device-verdict+jwt"

    public enum Outcome: String, Sendable, Hashable, Codable, CaseIterable {
        case pass, fail
    }

    /// Whom it is for: the TSM's audience for handset tokens.
    public let aud: String
    /// When the device was judged, seconds since 1970.
    public let iat: Int64
    /// Hash of the app's certificate, hexadecimal (TR-03165 DeviceAppID).
    public let deviceAppId: String
    /// The device key that the app registers with.
    public let cnf: AccessTokenClaims.Confirmation
    public let verdict: Outcome
    /// Why it is `fail`, for the TSM's log.
    public let reason: String?

    public init(audience: String, issued: Date, deviceAppId: String, deviceKeyThumbprint: String, verdict: Outcome, reason: String? = nil) {
        aud = audience
        iat = Int64(issued.timeIntervalSince1970)
        self.deviceAppId = deviceAppId
        cnf = AccessTokenClaims.Confirmation(jkt: deviceKeyThumbprint)
        self.verdict = verdict
        self.reason = reason
    }

    /// A JWS in compact form.
    /// - Throws: ``TokenError`` of the signer, `tooLong`.
    public func signed(by signer: some TokenSigner) throws(TokenError) -> String {
        let unsigned = try UnsignedToken(type: Self.tokenType, keyID: signer.publicKey.keyID, claims: self)
        return try unsigned.signed(with: try signer.sign(unsigned.signingInput))
    }
}

/// Checks verdicts of one service provider's integrity service.
public struct DeviceVerdictVerifier: Sendable {
    private let audience: String
    private let keys: JSONWebKeySet
    private let maximumAge: TimeInterval
    private let leeway: TimeInterval

    /// - Parameters:
    ///   - maximumAge: seconds since the device was judged.
    ///   - leeway: tolerated difference between clocks, seconds.
    public init(audience: String, keys: JSONWebKeySet, maximumAge: TimeInterval, leeway: TimeInterval = 30) {
        self.audience = audience
        self.keys = keys
        self.maximumAge = maximumAge
        self.leeway = leeway
    }

    /// Signature first, then whom it is for, its age, and whether it is of this app and device key: another device's verdict says nothing of this one.
    /// - Returns: the verdict, which may be `fail`.
    /// - Throws: ``TokenError``.
    public func verify(_ text: String, deviceAppId: String, deviceKeyThumbprint: String, now: Date) throws(TokenError) -> DeviceVerdict {
        let token = try JSONWebToken(parsing: text, types: [DeviceVerdict.tokenType])
        try token.verify(with: keys.key(withID: token.header.kid))
        let verdict = try token.claims(DeviceVerdict.self)
        guard verdict.aud == audience else { throw TokenError(.wrongAudience, "the verdict is not for this TSM: aud is not \(audience)") }
        let age = now.timeIntervalSince1970 - Double(verdict.iat)
        guard age <= maximumAge + leeway else { throw TokenError(.expired, "the verdict is \(Int(min(age, 1e9))) s old") }
        guard age >= -leeway else { throw TokenError(.notYetValid, "the verdict was made in the future") }
        guard verdict.cnf.jkt == deviceKeyThumbprint else { throw TokenError(.wrongDeviceKey, "the verdict is of another device key") }
        guard verdict.deviceAppId.lowercased() == deviceAppId.lowercased() else { throw TokenError(.wrongApp, "the verdict is of another app") }
        return verdict
    }
}
