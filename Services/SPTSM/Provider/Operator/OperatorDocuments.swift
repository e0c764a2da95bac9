import DeploymentDocument
import GlobalPlatform
import ServiceKit
import TrustedServiceModel

/// Wire types of the operator listener (`/operator/v1`).
public enum OperatorAPI {
    /// Body of `POST /service-providers`.
    public struct NewServiceProvider: Codable, Sendable, Hashable {
        public var name: String
        /// 5 to 11 bytes each; the first also begins the AIDs of security domains. No two providers' prefixes may overlap.
        public var aidPrefixes: [HexBytes]
        public var deviceApps: [String]?
        public var keyIndexes: [KeyIndex]?
        /// SHA-256 of the client certificate that must come with every call, hexadecimal; none: tokens alone.
        public var clientCertificateSHA256: String?

        public init(name: String, aidPrefixes: [HexBytes], deviceApps: [String]? = nil, keyIndexes: [KeyIndex]? = nil, clientCertificateSHA256: String? = nil) {
            self.name = name
            self.aidPrefixes = aidPrefixes
            self.deviceApps = deviceApps
            self.keyIndexes = keyIndexes
            self.clientCertificateSHA256 = clientCertificateSHA256
        }
    }

    /// A master or transport key that a service provider shares with the TSM's key vault.
    public struct KeyIndex: Codable, Sendable, Hashable {
        public enum Kind: String, Codable, Sendable { case master, transport }
        public var index: String
        public var kind: Kind
        /// Key check value, hexadecimal.
        public var kcv: String
        /// Key provisioning modes that it serves (TR-03165 4.1.4.6).
        public var modes: [Int]

        public init(index: String, kind: Kind, kcv: String, modes: [Int]) {
            self.index = index
            self.kind = kind
            self.kcv = kcv
            self.modes = modes
        }
    }

    public struct ServiceProviderRecord: Codable, Sendable, Hashable {
        public var id: String
        public var name: String
        public var aidPrefixes: [HexBytes]
        public var deviceApps: [String]
        public var keyIndexes: [KeyIndex]
        public var clientCertificateSHA256: String?

        public init(id: String, name: String, aidPrefixes: [HexBytes], deviceApps: [String], keyIndexes: [KeyIndex], clientCertificateSHA256: String?) {
            self.id = id
            self.name = name
            self.aidPrefixes = aidPrefixes
            self.deviceApps = deviceApps
            self.keyIndexes = keyIndexes
            self.clientCertificateSHA256 = clientCertificateSHA256
        }
    }

    /// Body of `POST /service-providers/{id}/device-apps`.
    public struct NewDeviceApp: Codable, Sendable, Hashable {
        public var deviceAppId: String
        public init(deviceAppId: String) { self.deviceAppId = deviceAppId }
    }

    /// Body of `PUT /service-providers/{id}/client-certificate`; nil removes the second factor.
    public struct ClientCertificate: Codable, Sendable, Hashable {
        public var sha256: String?
        public init(sha256: String?) { self.sha256 = sha256 }
    }

    /// Body of `POST /service-providers/{id}/tokens`.
    public struct NewToken: Codable, Sendable, Hashable {
        /// For people.
        public var label: String
        public init(label: String) { self.label = label }
    }

    /// Its answer, the only time that the token is shown.
    public struct IssuedToken: Codable, Sendable, Hashable {
        public var id: String
        public var longTermToken: String
        public init(id: String, longTermToken: String) {
            self.id = id
            self.longTermToken = longTermToken
        }
    }

    public struct TokenRecord: Codable, Sendable, Hashable {
        public var id: String
        public var label: String
        public var created: String
        /// When a short-term token was last made from it, to the minute; absent before the first time.
        public var lastUsed: String?
        /// When it was revoked; absent while it is valid.
        public var revoked: String?

        public init(id: String, label: String, created: String, lastUsed: String?, revoked: String?) {
            self.id = id
            self.label = label
            self.created = created
            self.lastUsed = lastUsed
            self.revoked = revoked
        }
    }

    /// Body of `POST /secure-component-profiles`. `profile.id` may be chosen (a UUID, the same as at the issuer) or left empty.
    public struct NewProfile: Codable, Sendable, Hashable {
        public var issuerId: String
        public var profile: SecureComponentProfile

        public init(issuerId: String, profile: SecureComponentProfile) {
            self.issuerId = issuerId
            self.profile = profile
        }
    }

    /// Body of `POST /issuers`. The profiles are added with `POST /secure-component-profiles`.
    public struct NewIssuer: Codable, Sendable, Hashable {
        /// A UUID; assigned when absent.
        public var id: String?
        public var name: String
        public var seiURL: String
        public var caPEM: String
        /// A SPIFFE ID, or `dns:` and a name.
        public var expectedPeer: String
        /// Values of GP tag 42, hexadecimal.
        public var issuerIdentificationNumbers: [String]
        public var transportKeyIndex: String

        public init(id: String? = nil, name: String, seiURL: String, caPEM: String, expectedPeer: String, issuerIdentificationNumbers: [String], transportKeyIndex: String) {
            self.id = id
            self.name = name
            self.seiURL = seiURL
            self.caPEM = caPEM
            self.expectedPeer = expectedPeer
            self.issuerIdentificationNumbers = issuerIdentificationNumbers
            self.transportKeyIndex = transportKeyIndex
        }
    }
}

public typealias OperatorError = ServiceKit.OperatorError
