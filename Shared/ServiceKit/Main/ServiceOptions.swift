import Logging

/// What the command line says about a run.
public struct ServiceOptions: Sendable {
    /// Accept test certificates.
    public var isTestbed: Bool
    /// Where to write the bound ports instead of the store's directory.
    public var readyFile: String?
    /// Overrides the configuration.
    public var logLevel: Logger.Level?

    public init(isTestbed: Bool = false, readyFile: String? = nil, logLevel: Logger.Level? = nil) {
        self.isTestbed = isTestbed
        self.readyFile = readyFile
        self.logLevel = logLevel
    }
}
