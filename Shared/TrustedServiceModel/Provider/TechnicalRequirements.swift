/// The least a secure component must offer for a CAP to run (TR-03165 4.1.4.10); found from its imports.
public struct TechnicalRequirements: Codable, Sendable, Hashable {
    /// Three parts, for example `3.0.4`.
    public var javaCardVersion: String
    /// Two parts, for example `1.6`; `0.0` when the GlobalPlatform API is not imported.
    public var gpApiVersion: String

    public init(javaCardVersion: String, gpApiVersion: String) {
        self.javaCardVersion = javaCardVersion
        self.gpApiVersion = gpApiVersion
    }
}
