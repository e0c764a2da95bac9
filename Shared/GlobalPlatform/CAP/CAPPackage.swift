/// A package that a CAP file imports, with the version that it was built against.
public struct CAPImport: Hashable, Sendable {
    public let aid: AID
    /// major.minor
    public let version: VersionNumber

    public init(aid: AID, version: VersionNumber) {
        self.aid = aid
        self.version = version
    }
}

/// An applet class of a CAP file: an Executable Module.
public struct CAPApplet: Hashable, Sendable {
    public let aid: AID
    /// Of `install` in the Method component's info.
    public let installOffset: Int
    /// The class name, where the manifest has it.
    public let name: String?

    public init(aid: AID, installOffset: Int, name: String? = nil) {
        self.aid = aid
        self.installOffset = installOffset
        self.name = name
    }
}
