import Cryptography

/// A CAP file (Java Card Virtual Machine Specification 3.1, chapter 6), taken apart and checked: compact, or extended as since Java Card 3.1.
///
/// How sure the extended format is: tags, size fields, file names, order and the Header are stated alike by two public programs and by a public
/// digest of the specification; the rest by those programs; no converter and no such file was at hand to try. Bytecode is not verified.
public struct CAPFile: Hashable, Sendable {
    public let header: CAPHeader
    public let applets: [CAPApplet]
    public let imports: [CAPImport]
    /// In ascending order of tags.
    public let components: [CAPComponent]
    /// The Java package, from the folder that the components are in, of an extended file the application; nil when they are in none.
    public let packageName: String?
    /// nil when the archive has no manifest.
    public let manifest: CAPManifest?
    /// Whether the archive has APPLET-INF/applet.xml.
    public let hasAppletDescription: Bool
    public let requirements: PlatformRequirements
    public let memory: CAPMemory
    /// What is odd but does not matter to a card.
    public let warnings: [CAPWarning]
    /// What is loaded and hashed: the components in the order of the Java Card specification, without Descriptor and Debug.
    public let loadFileDataBlock: [UInt8]
    /// SHA-256 over `loadFileDataBlock`, without the tag C4.
    public let loadFileDataBlockHash: [UInt8]

    /// The load file's AID: of an extended file the CAP AID.
    public var packageAID: AID { header.packageAID }
    public var packageVersion: VersionNumber { header.packageVersion }
    public var formatVersion: VersionNumber { header.formatVersion }
    public var flags: CAPHeader.Flags { header.flags }
    public var isExtended: Bool { header.isExtended }
    /// What others can import once it is loaded: the package if it has exports, of an extended file all public packages.
    public var exportedPackages: [CAPPackage] { header.exportedPackages }

    /// Reads the archive; throws `CAPError` with the place.
    public init(_ archive: [UInt8], limits: ZIPArchive.Limits = ZIPArchive.Limits()) throws(CAPError) {
        let zip = try ZIPArchive(archive, limits: limits)
        let files = try CAPComponentFiles(zip)
        header = try CAPHeader(try files.component(.header))
        let isExtended = header.isExtended
        let directory = try CAPDirectory(try files.component(.directory), of: header)
        let components = try files.components(isExtended: isExtended)
        try directory.check(components)
        for kind in [.import, .constantPool, .class, .method, .staticField, .refLocation] as [CAPComponent.Kind] where components[kind] == nil {
            throw CAPError(.missingComponent, kind.entryName(inExtendedFile: isExtended), "every CAP file has this component")
        }
        for kind in CAPComponent.Kind.allCases {
            if let component = components[kind] { try CAPComponentChecks.check(component, isExtended: isExtended) }
        }
        imports = try CAPFile.imports(try files.component(.import))
        let manifest = zip.entry("META-INF/MANIFEST.MF").map { CAPManifest(parsing: $0.content) }
        let methods = try CAPMethodBlocks(try files.component(.method, isExtended: isExtended), isExtended: isExtended)
        applets = try CAPFile.applets(components[.applet], methods: methods, isExtended: isExtended, names: manifest?.appletNames ?? [:])
        guard directory.importCount == imports.count, directory.appletCount == applets.count else {
            throw CAPError(.component, "Directory.cap", "its counts of imports and applets do not agree with those components")
        }
        guard directory.methodBlockCount ?? methods.sizes.count == methods.sizes.count else {
            throw CAPError(.component, "Directory.cap", "its count of method blocks does not agree with Method.capx")
        }
        guard header.flags.contains(.applet) == !applets.isEmpty, header.flags.contains(.export) == (components[.export] != nil) else {
            throw CAPError(.component, "Header.cap", "its flags do not agree with the components that are there")
        }
        requirements = try PlatformRequirements(imports: imports, header: header)
        self.components = CAPComponent.Kind.allCases.compactMap { components[$0] }
        self.manifest = manifest
        packageName = files.folder
        loadFileDataBlock = CAPComponent.Kind.loadOrder.flatMap { components[$0]?.bytes ?? [] }
        memory = CAPMemory(code: loadFileDataBlock.count, directory)
        hasAppletDescription = zip.entries.contains { AppletDescription.isEntry($0.name) }
        warnings = CAPWarning.find(files: files, zip: zip, header: header, applets: applets, manifest: manifest)
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
