/// A package that a CAP file defines and others may import.
public struct CAPPackage: Hashable, Sendable {
    public let aid: AID
    /// major.minor
    public let version: VersionNumber
    /// With dots; nil where the Header does not tell it.
    public internal(set) var name: String?

    public init(aid: AID, version: VersionNumber, name: String? = nil) {
        self.aid = aid
        self.version = version
        self.name = name
    }

    /// Whether what was built against `imported` links with this package: the same major version, at least the same minor one
    /// (Java Card Virtual Machine Specification, 4.5.2).
    public func satisfies(_ imported: CAPImport) -> Bool {
        aid == imported.aid && version.components.first == imported.version.components.first && imported.version <= version
    }
}

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
    /// Of an extended file: the block of the Method component that `install` lies in.
    public let methodBlock: Int
    /// Of `install` in the Method component's info; of an extended file in its block.
    public let installOffset: Int
    /// The class name, where the manifest has it.
    public let name: String?

    public init(aid: AID, methodBlock: Int = 0, installOffset: Int, name: String? = nil) {
        self.aid = aid
        self.methodBlock = methodBlock
        self.installOffset = installOffset
        self.name = name
    }
}
