import Crypto
import Foundation

/// A signed token in JWS compact form with ES256 (RFC 7515, RFC 7519, best practice RFC 8725): parsed, not yet believed.
///
/// There is one algorithm and no negotiation: `none`, MACs and anything else are refused at parsing.
public struct JSONWebToken: Sendable {
    /// Longest text accepted, in bytes.
    public static let maximumLength = 8192
    static let algorithm = "ES256"

    /// The members of the JOSE header that we understand.
    public struct Header: Sendable, Hashable, Codable {
        public var alg: String
        public var typ: String?
        public var kid: String?
        public var jwk: JSONWebKey?

        init(typ: String, kid: String? = nil, jwk: JSONWebKey? = nil) {
            alg = JSONWebToken.algorithm
            self.typ = typ
            self.kid = kid
            self.jwk = jwk
        }
    }

    private struct ReceivedHeader: Decodable {
        struct Anything: Decodable { init(from decoder: any Decoder) throws {} }
        let header: Header
        let hasCritical: Bool

        private enum Member: String, CodingKey { case crit, b64 }

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: Member.self)
            hasCritical = members.contains(.crit) || members.contains(.b64)
            header = try Header(from: decoder)
        }
    }

    public let header: Header
    /// The claims, JSON.
    public let payload: [UInt8]
    let signingInput: [UInt8]
    let signature: [UInt8]

    /// - Parameter types: accepted values of `typ`, compared without case; `application/` is optional in what came (RFC 7515, section 4.1.9).
    /// - Throws: ``TokenError`` `tooLong`, `malformed`, `unsupportedAlgorithm`, `unsupportedType`, `criticalExtension`, `invalidKey`.
    public init(parsing text: String, types: Set<String>) throws(TokenError) {
        guard text.utf8.count <= Self.maximumLength else { throw TokenError(.tooLong, "the token is longer than \(Self.maximumLength) bytes") }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let headerBytes = Base64URL.decode(parts[0]), let payload = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2])
        else {
            throw TokenError(.malformed, "not three base64url parts")
        }
        try self.init(headerBytes: headerBytes, payload: payload, signature: signature, signingInput: Array((parts[0] + "." + parts[1]).utf8), types: types)
    }

    private init(headerBytes: [UInt8], payload: [UInt8], signature: [UInt8], signingInput: [UInt8], types: Set<String>) throws(TokenError) {
        // The algorithm is looked at before anything else is decoded, so that its refusal does not depend on the rest.
        struct Algorithm: Decodable { let alg: String }
        let decoder = JSONDecoder()
        let data = Data(headerBytes)
        guard let algorithm = try? decoder.decode(Algorithm.self, from: data) else { throw TokenError(.malformed, "the header is not a JSON object with alg") }
        guard algorithm.alg == Self.algorithm else { throw TokenError(.unsupportedAlgorithm, "alg is not ES256") }
        let received: ReceivedHeader
        do {
            received = try decoder.decode(ReceivedHeader.self, from: data)
        } catch {
            throw TokenError(.malformed, "the header cannot be read")
        }
        guard !received.hasCritical else { throw TokenError(.criticalExtension, "crit and b64 are not supported") }
        guard let type = received.header.typ?.lowercased() else { throw TokenError(.unsupportedType, "typ is missing") }
        let short = type.hasPrefix("application/") ? String(type.dropFirst("application/".count)) : type
        guard types.contains(short) else { throw TokenError(.unsupportedType, "typ is not \(types.sorted().joined(separator: " or "))") }
        guard signature.count == 64 else { throw TokenError(.badSignature, "an ES256 signature has 64 bytes (RFC 7518, section 3.4)") }
        self.header = received.header
        self.payload = payload
        self.signature = signature
        self.signingInput = signingInput
    }

    /// - Throws: ``TokenError`` `badSignature`.
    public func verify(with key: JSONWebKey) throws(TokenError) {
        guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature), key.publicKey.isValidSignature(signature, for: signingInput) else {
            throw TokenError(.badSignature, "the signature does not verify")
        }
    }

    /// Decodes the claims. Call after ``verify(with:)``.
    /// - Throws: ``TokenError`` `malformed` or `missingClaim`.
    public func claims<Claims: Decodable>(_ type: Claims.Type) throws(TokenError) -> Claims {
        do {
            return try JSONDecoder().decode(type, from: Data(payload))
        } catch DecodingError.keyNotFound(let key, _) {
            throw TokenError(.missingClaim, "the claim \(key.stringValue) is missing")
        } catch {
            throw TokenError(.malformed, "the claims cannot be read")
        }
    }
}
