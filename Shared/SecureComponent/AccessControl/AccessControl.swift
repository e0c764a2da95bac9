import GlobalPlatform

/// Who asks for channels, and what holds where a component has no rules.
public struct AccessControl: Hashable, Sendable {
    /// For a component without an access rule application.
    public enum Default: Hashable, Sendable { case allow, deny }

    public enum Enforcement: Hashable, Sendable {
        /// Every channel may be opened: for tools of the issuer and tests of cards, not for apps.
        case none
        /// The component's rules hold.
        case rules(withoutRuleApplication: Default)
    }

    /// The app's certificate hashes, SHA-1 and SHA-256 where both are known. Empty: only rules for any app can match.
    public var deviceApp: [DeviceAppID]
    public var enforcement: Enforcement

    public init(deviceApp: [DeviceAppID], enforcement: Enforcement = .rules(withoutRuleApplication: .deny)) {
        self.deviceApp = deviceApp
        self.enforcement = enforcement
    }

    public init(deviceApp: DeviceAppID, enforcement: Enforcement = .rules(withoutRuleApplication: .deny)) {
        self.init(deviceApp: [deviceApp], enforcement: enforcement)
    }

    /// No rules, no app.
    public static let unrestricted = AccessControl(deviceApp: [], enforcement: .none)
}
