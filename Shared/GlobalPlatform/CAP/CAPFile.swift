import Cryptography

/// A CAP file in the compact format (Java Card Virtual Machine Specification, chapter 6), taken apart and checked.
public struct CAPFile: Hashable, Sendable {
    public let header: CAPHeader
    public let applets: [CAPApplet]
    public let imports: [CAPImport]
    /// In ascending order of tags.
    public let components: [CAPComponent]
    /// The Java package, from the folder that the components are in; nil when they are in none.
    public let packageName: String?
    /// nil when the archive has no manifest.
    public let manifest: CAPManifest?
    public let requirements: PlatformRequirements
    /// What is loaded and hashed: the components in the order of the Java Card specification, without Descriptor and Debug.
    public let loadFileDataBlock: [UInt8]
    /// SHA-256 over `loadFileDataBlock`, without the tag C4.
    public let loadFileDataBlockHash: [UInt8]

    public var packageAID: AID { header.packageAID }
    public var packageVersion: VersionNumber { header.packageVersion }
    public var formatVersion: VersionNumber { header.formatVersion }
    public var flags: CAPHeader.Flags { header.flags }

    /// Reads the archive; throws `CAPError` with the place.
    public init(_ archive: [UInt8], limits: ZIPArchive.Limits = ZIPArchive.Limits()) throws(CAPError) {
        let zip = try ZIPArchive(archive, limits: limits)
        let (folder, components) = try CAPFile.components(of: zip)
        func component(_ kind: CAPComponent.Kind) throws(CAPError) -> CAPComponent {
            guard let component = components[kind] else { throw CAPError(.missingComponent, "\(kind.fileName).cap", "every CAP file has this component") }
            return component
        }
        header = try CAPHeader(try component(.header))
        let directory = try CAPDirectory(try component(.directory), formatVersion: header.formatVersion)
        try directory.check(components)
        for kind in [.import, .constantPool, .class, .method, .staticField, .refLocation] as [CAPComponent.Kind] { _ = try component(kind) }
        for kind in CAPComponent.Kind.allCases {
            if let component = components[kind] { try CAPComponentChecks.check(component) }
        }
        imports = try CAPFile.imports(try component(.import))
        let manifest = zip.entry("META-INF/MANIFEST.MF").map { CAPManifest(parsing: $0.content) }
        applets = try CAPFile.applets(components[.applet], methodSize: try component(.method).info.count, names: manifest?.appletNames ?? [:])
        guard directory.importCount == imports.count, directory.appletCount == applets.count else {
            throw CAPError(.component, "Directory.cap", "its counts of imports and applets do not agree with those components")
        }
        guard header.flags.contains(.applet) == !applets.isEmpty, header.flags.contains(.export) == (components[.export] != nil) else {
            throw CAPError(.component, "Header.cap", "its flags do not agree with the components that are there")
        }
        requirements = try PlatformRequirements(imports: imports, flags: header.flags)
        self.components = CAPComponent.Kind.allCases.compactMap { components[$0] }
        self.manifest = manifest
        packageName = folder
        loadFileDataBlock = CAPComponent.Kind.loadOrder.flatMap { components[$0]?.bytes ?? [] }
        do {
            loadFileDataBlockHash = try HashFunction.sha256.digest(of: loadFileDataBlock)
        } catch {
            throw CAPError(.loadFile, "load file data block", "it could not be hashed: \(error)")
        }
    }

    /// What hosts send that leave the Descriptor in; the hash is then over this.
    public var loadFileDataBlockWithDescriptor: [UInt8] {
        loadFileDataBlock + (components.first { $0.kind == .descriptor }?.bytes ?? [])
    }

    /// The load file in GPCS 2.3.1, 11.6.2.3: tag C4 around the load file data block.
    public var loadFile: LoadFile { LoadFile(dataBlock: loadFileDataBlock) }
}
