/// How the application is personalised (TR-03165 4.1.4.15).
public struct PersonalizationConfig: Codable, Sendable, Hashable {
    /// Empty: none.
    public var personalizationScriptId: String
    /// Empty: none.
    public var certificateId: String
    /// Needs key provisioning mode 1, 2 or 3 in every Flavor that uses it.
    public var provideAttestationToken: Bool
    /// Needs the attestation token and mode 1.
    public var includeSecurityDomainDiversificationData: Bool

    public init(personalizationScriptId: String = "", certificateId: String = "", provideAttestationToken: Bool = false,
                includeSecurityDomainDiversificationData: Bool = false) {
        self.personalizationScriptId = personalizationScriptId
        self.certificateId = certificateId
        self.provideAttestationToken = provideAttestationToken
        self.includeSecurityDomainDiversificationData = includeSecurityDomainDiversificationData
    }
}
