import GlobalPlatform

/// All that the handset plane needs to know of (Service, Version, SecureComponentProfile): self-contained, made by the provider
/// plane, pinned by every process that uses it (design section 1). Binaries are immutable and named by their SHA-256.
///
/// The provider plane's internal interface has these routes and no others, all GET:
/// | path | answer |
/// |---|---|
/// | `/internal/v1/services/{serviceId}` | `ServiceDocument` |
/// | `/internal/v1/services/{serviceId}/versions/{tag}/profiles/{profileId}` | `DeploymentDocument` |
/// | `/internal/v1/binaries/{sha256}` | the CAP's load file data block, octets |
/// | `/internal/v1/revisions?after={n}` | `RevisionFeed` |
/// | `/internal/v1/device-apps` | `[DeviceApp]` |
/// | `/internal/v1/issuers` | `[IssuerDescriptor]` |
/// | `/internal/v1/maintenance` | `MaintenanceDocument` |
/// | `/internal/v1/token-issuers` | `[TokenIssuerDescriptor]` |
/// | `/internal/v1/device-integrity` | `[DeviceIntegrityKeys]` |
public struct DeploymentDocument: Codable, Sendable, Hashable {
    /// Catalogue revision at which this document was made; it is valid for as long as the feed names no later change of the Service.
    public var revision: Int
    public var service: ServiceDocument
    public var versionTag: String
    public var flavorId: String
    public var flavorName: String
    /// Service's spParameters merged with the Flavor's, the Flavor's win.
    public var spParameters: [String: String]
    public var profile: ProfileDocument
    public var keyProvisioning: KeyProvisioning
    /// In load order: libraries before their users.
    public var loadFiles: [LoadFileDocument]
    /// In installation order (priority).
    public var applications: [ApplicationDocument]

    public init(revision: Int, service: ServiceDocument, versionTag: String, flavorId: String, flavorName: String, spParameters: [String: String],
                profile: ProfileDocument, keyProvisioning: KeyProvisioning, loadFiles: [LoadFileDocument], applications: [ApplicationDocument]) {
        self.revision = revision
        self.service = service
        self.versionTag = versionTag
        self.flavorId = flavorId
        self.flavorName = flavorName
        self.spParameters = spParameters
        self.profile = profile
        self.keyProvisioning = keyProvisioning
        self.loadFiles = loadFiles
        self.applications = applications
    }
}

/// What is known of a Service without a profile: enough for eligibility and authorisation.
public struct ServiceDocument: Codable, Sendable, Hashable {
    public var revision: Int
    public var id: String
    public var serviceProviderId: String
    public var name: String
    /// AID of the security domain that instances of this Service get (TR: Service.sdAid).
    public var securityDomain: AID
    /// DeviceAppIDs allowed to use the Service, lower-case hex hashes.
    public var accessAuthorizedDeviceApps: [String]
    public var spParameters: [String: String]
    /// Each Version with the published Flavor per SecureComponentProfile.
    public var versions: [VersionSummary]
    /// Where results of processes are sent (TR: SposConfig); nil: nowhere.
    public var spos: SposDocument?

    public init(revision: Int, id: String, serviceProviderId: String, name: String, securityDomain: AID, accessAuthorizedDeviceApps: [String],
                spParameters: [String: String], versions: [VersionSummary], spos: SposDocument? = nil) {
        self.revision = revision
        self.id = id
        self.serviceProviderId = serviceProviderId
        self.name = name
        self.securityDomain = securityDomain
        self.accessAuthorizedDeviceApps = accessAuthorizedDeviceApps
        self.spParameters = spParameters
        self.versions = versions
        self.spos = spos
    }
}

/// A service provider's online service (TR-03165 4.1.4.18, 4.3).
public struct SposDocument: Codable, Sendable, Hashable {
    public var sposConfigId: String
    /// Absolute.
    public var url: String
    /// Who it must be at the other end: this certificate, or those that it signed. PEM, one or more.
    public var certificatePEM: String

    public init(sposConfigId: String, url: String, certificatePEM: String) {
        self.sposConfigId = sposConfigId
        self.url = url
        self.certificatePEM = certificatePEM
    }
}

public struct VersionSummary: Codable, Sendable, Hashable {
    public var tag: String
    /// Deployable combinations only: profile ID → ID of a published Flavor.
    public var flavorByProfile: [String: String]

    public init(tag: String, flavorByProfile: [String: String]) {
        self.tag = tag
        self.flavorByProfile = flavorByProfile
    }
}

public struct ProfileDocument: Codable, Sendable, Hashable {
    public var id: String
    public var name: String
    public var issuerId: String
    /// Load files can be replaced under their applications, which keep their data (GlobalPlatform Amendment H; TR: gpApiVersions, `elfUpgrade`).
    /// nil: not said.
    public var upgradesLoadFiles: Bool?

    public init(id: String, name: String, issuerId: String, upgradesLoadFiles: Bool? = nil) {
        self.id = id
        self.name = name
        self.issuerId = issuerId
        self.upgradesLoadFiles = upgradesLoadFiles
    }
}

/// Final keys of the security domain between SP and SP TSM (TR: FeatureConfig).
public struct KeyProvisioning: Codable, Sendable, Hashable {
    /// 0 None, 1 BASIC_DIVERSIFIED_CREATE, 2 BASIC_CREATE, 3 BASIC_RANDOM_CREATE.
    public var mode: Int
    /// Master key (mode 1) or transport key (2, 3).
    public var keyIndex: String?

    public init(mode: Int, keyIndex: String?) {
        self.mode = mode
        self.keyIndex = keyIndex
    }
}

public struct LoadFileDocument: Codable, Sendable, Hashable {
    public var executableLoadFileId: String
    public var packageAid: AID
    /// SHA-256 of the load file data block: its name on the internal interface and its hash in INSTALL [for load].
    public var sha256: HexBytes
    /// Bytes of the load file data block.
    public var size: Int
    public var moduleAids: [AID]
    /// Of the package, as the card's registry shows it. nil, here and below: a document of before these were told.
    public var packageVersion: VersionNumber?
    /// Load files of this document whose packages this one imports, by package AID.
    public var uses: [AID]?
    /// It imports org.globalplatform.upgrade: its applications can hand their data over to their next load file (GlobalPlatform Amendment H).
    public var handsDataOver: Bool?

    public init(executableLoadFileId: String, packageAid: AID, sha256: HexBytes, size: Int, moduleAids: [AID], packageVersion: VersionNumber? = nil,
                uses: [AID]? = nil, handsDataOver: Bool? = nil) {
        self.executableLoadFileId = executableLoadFileId
        self.packageAid = packageAid
        self.sha256 = sha256
        self.size = size
        self.moduleAids = moduleAids
        self.packageVersion = packageVersion
        self.uses = uses
        self.handsDataOver = handsDataOver
    }
}

public struct ApplicationDocument: Codable, Sendable, Hashable {
    public var applicationConfigId: String
    public var packageAid: AID
    public var moduleAid: AID
    public var instanceAid: AID
    /// Three bytes.
    public var privileges: HexBytes
    /// Value of C9 in the install parameters.
    public var applicationSpecificInstallParameter: HexBytes
    public var makeSelectable: Bool
    public var accessibleViaApdu: Bool
    public var accessibleViaNfc: Bool
    public var provideAttestationToken: Bool
    public var includeSecurityDomainDiversificationData: Bool
    /// Text of the PersonalizationScript, nil if none.
    public var personalizationScript: String?

    public init(applicationConfigId: String, packageAid: AID, moduleAid: AID, instanceAid: AID, privileges: HexBytes,
                applicationSpecificInstallParameter: HexBytes, makeSelectable: Bool, accessibleViaApdu: Bool, accessibleViaNfc: Bool,
                provideAttestationToken: Bool, includeSecurityDomainDiversificationData: Bool, personalizationScript: String?) {
        self.applicationConfigId = applicationConfigId
        self.packageAid = packageAid
        self.moduleAid = moduleAid
        self.instanceAid = instanceAid
        self.privileges = privileges
        self.applicationSpecificInstallParameter = applicationSpecificInstallParameter
        self.makeSelectable = makeSelectable
        self.accessibleViaApdu = accessibleViaApdu
        self.accessibleViaNfc = accessibleViaNfc
        self.provideAttestationToken = provideAttestationToken
        self.includeSecurityDomainDiversificationData = includeSecurityDomainDiversificationData
        self.personalizationScript = personalizationScript
    }
}
