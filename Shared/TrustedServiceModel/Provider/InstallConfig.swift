/// Parameters of INSTALL [for install] (TR-03165 4.1.4.13).
public struct InstallConfig: Codable, Sendable, Hashable {
    /// Hexadecimal, the value of tag C9.
    public var applicationSpecificInstallParameter: String
    /// Names of ``ApplicationPrivilege``.
    public var privileges: [String]

    public init(applicationSpecificInstallParameter: String = "", privileges: [String] = []) {
        self.applicationSpecificInstallParameter = applicationSpecificInstallParameter
        self.privileges = privileges
    }
}

/// The privileges that a service provider may ask for (TR-03165 4.1.4.13).
public enum ApplicationPrivilege: String, Codable, Sendable, CaseIterable {
    case cvmManagement = "CVMManagement"
    case contactlessSelfActivation = "ContactlessSelfActivation"
    case globalService = "GlobalService"
    case privacyTrusted = "PrivacyTrusted"
}
