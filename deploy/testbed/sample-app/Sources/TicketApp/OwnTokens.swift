import Foundation
import Identity
import TSMAPI

/// Access tokens of the service provider's own issuer (setAccessToken). An app asks its backend, which knows its user; here the app has the issuer's key
/// itself, so that the sample runs without one.
struct OwnTokens: AccessTokenSource {
    static let issuer = "https://login.ticket.example"
    static let audience = "https://tsm.example/ticket"

    let key: SoftwareTokenSigner
    let deviceAppId: String

    init(keyFile: String, deviceAppId: String) throws {
        guard let data = FileManager.default.contents(atPath: keyFile) else { throw AppFailure("\(keyFile) cannot be read") }
        key = try SoftwareTokenSigner(privateKeyPEM: String(decoding: data, as: UTF8.self), keyID: "ticket-1")
        self.deviceAppId = deviceAppId
    }

    private struct Claims: Encodable {
        var iss = OwnTokens.issuer, aud = OwnTokens.audience
        var iat, exp: Int
        var deviceAppId: String
        var cnf: [String: String]
    }

    func getToken(deviceKeyThumbprint: String) async throws -> String {
        let now = Int(Date().timeIntervalSince1970)
        let token = try UnsignedToken(type: "at+jwt", keyID: key.publicKey.keyID,
                                      claims: Claims(iat: now, exp: now + 300, deviceAppId: deviceAppId, cnf: ["jkt": deviceKeyThumbprint]))
        return try token.signed(with: key.sign(token.signingInput))
    }
}
