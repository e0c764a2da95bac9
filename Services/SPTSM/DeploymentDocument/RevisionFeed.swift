/// What changed in the catalogue after a revision, oldest first. Deletions are tombstones: the handset plane never infers one
/// from a 404 or from silence (design section 1).
public struct RevisionFeed: Codable, Sendable, Hashable {
    public enum Change: Codable, Sendable, Hashable {
        /// Something of the Service changed: documents made before are to be fetched anew.
        case serviceChanged(serviceId: String)
        /// Tombstone of the Service.
        case serviceDeleted(serviceId: String)
        /// Tombstone of a Flavor: instances made from it become orphans (TR-03165 3.2.3).
        case flavorDeleted(serviceId: String, flavorId: String)
        /// SecureComponentProfiles, issuers, device apps, token issuers, integrity services or maintenance changed.
        case settingsChanged
    }

    public struct Entry: Codable, Sendable, Hashable {
        public var revision: Int
        public var change: Change

        public init(revision: Int, change: Change) {
            self.revision = revision
            self.change = change
        }
    }

    /// The catalogue's newest revision.
    public var current: Int
    public var entries: [Entry]

    public init(current: Int, entries: [Entry]) {
        self.current = current
        self.entries = entries
    }
}

/// A device app that a service provider registered (TR: DeviceAppID).
public struct DeviceApp: Codable, Sendable, Hashable {
    public var serviceProviderId: String
    public var deviceAppId: String

    public init(serviceProviderId: String, deviceAppId: String) {
        self.serviceProviderId = serviceProviderId
        self.deviceAppId = deviceAppId
    }
}

/// An issuer as the handset plane needs it: where its SEI TSM is, how it is recognised, and which cards are its own.
public struct IssuerDescriptor: Codable, Sendable, Hashable {
    public var id: String
    public var name: String
    /// `https://host:port/sei/v1`.
    public var seiURL: String
    /// PEM of the CA that signed its SEI TSM's certificate.
    public var caPEM: String
    /// Identity that certificate must carry: a SPIFFE ID, or `dns:` and a DNS name.
    public var expectedPeer: String
    /// Values of GP tag 42 (hex) of its cards.
    public var issuerIdentificationNumbers: [String]
    public var transportKeyIndex: String
    public var secureComponentProfileIds: [String]

    public init(id: String, name: String, seiURL: String, caPEM: String, expectedPeer: String, issuerIdentificationNumbers: [String],
                transportKeyIndex: String, secureComponentProfileIds: [String]) {
        self.id = id
        self.name = name
        self.seiURL = seiURL
        self.caPEM = caPEM
        self.expectedPeer = expectedPeer
        self.issuerIdentificationNumbers = issuerIdentificationNumbers
        self.transportKeyIndex = transportKeyIndex
        self.secureComponentProfileIds = secureComponentProfileIds
    }
}
