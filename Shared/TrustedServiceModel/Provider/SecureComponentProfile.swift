/// A kind of secure component (TR-03165 4.1.4.5); read-only for service providers.
public struct SecureComponentProfile: Codable, Sendable, Hashable {
    /// Lower-case UUID, assigned by the TSM.
    public var id: String
    public var name: String
    /// See ``SecureComponentType``.
    public var scType: Int
    public var hardwarePlatform: String
    public var os: String
    public var osVersion: String
    /// Three parts.
    public var javaCardVersion: String
    /// Feature → algorithms.
    public var javaCardFeatures: [String: [String]]
    public var gpSpecVersions: [String: String]
    /// Keys `card`, `contactless`, `elfUpgrade`.
    public var gpApiVersions: [String: String]
    /// Empty: the component has no CSP.
    public var csp: [String: String]
    /// Scope → link.
    public var certifications: [String: String]

    public init(id: String, name: String, scType: Int, hardwarePlatform: String, os: String, osVersion: String, javaCardVersion: String,
                javaCardFeatures: [String: [String]] = [:], gpSpecVersions: [String: String] = [:], gpApiVersions: [String: String] = [:],
                csp: [String: String] = [:], certifications: [String: String] = [:]) {
        self.id = id
        self.name = name
        self.scType = scType
        self.hardwarePlatform = hardwarePlatform
        self.os = os
        self.osVersion = osVersion
        self.javaCardVersion = javaCardVersion
        self.javaCardFeatures = javaCardFeatures
        self.gpSpecVersions = gpSpecVersions
        self.gpApiVersions = gpApiVersions
        self.csp = csp
        self.certifications = certifications
    }
}

/// Values of `SecureComponentProfile.scType` (TR-03165 4.1.4.5).
public enum SecureComponentType: Int, Codable, Sendable, CaseIterable {
    case embeddedSE = 1
    case embeddedUICC = 2
    case removableEUICC = 3
    case uicc = 4
}
