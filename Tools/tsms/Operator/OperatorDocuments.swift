import GlobalPlatform
import TrustedServiceModel

/// Wire documents of the SP TSM's operator interface (`/operator/v1`), as far as this tool sends and reads them.
enum OperatorDocuments {
    struct NewServiceProvider: Encodable, Sendable {
        var name: String
        var aidPrefixes: [String]
        var deviceApps: [String]
        var clientCertificateSHA256: String?
    }

    struct ServiceProviderRecord: Decodable, Sendable {
        var id: String
        var name: String
    }

    struct KeyIndex: Encodable, Sendable {
        var index: String
        var kind: String
        var kcv: String
        var modes: [Int]
    }

    struct NewToken: Encodable, Sendable { var label: String }
    struct IssuedToken: Decodable, Sendable { var longTermToken: String }

    struct NewIssuer: Encodable, Sendable {
        var id: String
        var name: String
        var seiURL: String
        var caPEM: String
        var expectedPeer: String
        var issuerIdentificationNumbers: [String]
        var transportKeyIndex: String
    }

    struct NewProfile: Codable, Sendable {
        var issuerId: String
        var profile: SecureComponentProfile
    }

    /// An entry of the issuer's inventory (`POST /sei/v1/inventory`).
    struct InventoryEntry: Encodable, Sendable {
        var issuerIdentificationNumber: HexBytes
        var cardImageNumber: HexBytes
        var profileId: String
        var keyVersionNumber: UInt8
        var scpParameter: UInt8
        var keyLength: Int
        var keyDiversificationData: HexBytes
        /// Of the Issuer Security Domain; nil: the usual AID.
        var issuerSecurityDomain: AID?
        /// Either the master key from which the card's keys are derived, with the scheme …
        var masterKeyIndex: String?
        var scheme: String?
        /// … or a key set of the vault.
        var keySetId: String?
        /// storeData or inherited; nil: storeData.
        var firstKeys: String?
        /// nil: the card enforces no access rules.
        var accessRuleApplication: AID?
        var lifeCycle: String
    }

    struct InventoryAdded: Decodable, Sendable { var added: Int }

    /// An issuer as the SP TSM knows it, as far as it is read here.
    struct IssuerRecord: Decodable, Sendable {
        var id: String
        var issuerIdentificationNumbers: [String]
    }
}
