/// Features of the secure component and of the TSM that a Flavor uses (TR-03165 4.1.4.6).
public struct FeatureConfig: Codable, Sendable, Hashable {
    /// The applets use the component's CSP; impossible on a profile without one.
    public var useCspFull: Bool
    public var genericOptions: [String: Bool]
    /// See ``KeyProvisioningMode``.
    public var keyProvisioningMode: Int
    /// Master key (mode 1) or transport key (2, 3); empty for mode 0.
    public var keyIndex: String

    public init(useCspFull: Bool = false, genericOptions: [String: Bool] = [:], keyProvisioningMode: Int = 0, keyIndex: String = "") {
        self.useCspFull = useCspFull
        self.genericOptions = genericOptions
        self.keyProvisioningMode = keyProvisioningMode
        self.keyIndex = keyIndex
    }
}

/// How the final keys of a Service's security domain come about (TR-03165 4.1.4.6).
public enum KeyProvisioningMode: Int, Codable, Sendable, CaseIterable {
    case none = 0
    case basicDiversifiedCreate = 1
    case basicCreate = 2
    case basicRandomCreate = 3

    /// Whether `FeatureConfig.keyIndex` is needed; without need it must be empty.
    public var needsKeyIndex: Bool { self != .none }
}
