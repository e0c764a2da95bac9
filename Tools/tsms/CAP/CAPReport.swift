import GlobalPlatform

/// What `cap inspect` tells. Fields are added, never renamed.
struct CAPReport: Encodable, Sendable {
    struct Package: Encodable, Sendable {
        var aid: String
        var version: String
        /// Where it is known: of a platform's package, or as the file names it.
        var name: String?
    }

    struct Import: Encodable, Sendable {
        enum Origin: String, Encodable, Sendable { case javaCard, globalPlatform, platform, library }

        var aid: String
        var version: String
        var name: String?
        /// `library`: no platform's package as far as is known here; another load file has to bring it.
        var origin: Origin
        /// The first version of the platform that offers it, where one is known: `Java Card 3.0.4`.
        var needs: String?
    }

    struct Applet: Encodable, Sendable {
        var aid: String
        var name: String?
    }

    struct Component: Encodable, Sendable {
        var name: String
        var bytes: Int
    }

    /// Bytes.
    struct Memory: Encodable, Sendable {
        var loadFileDataBlock: Int
        var staticFields: Int
        var staticArrays: Int
    }

    struct Warning: Encodable, Sendable {
        var code: String
        var place: String
        var problem: String
    }

    /// Whether what is beside the components says the same as they do.
    enum Agreement: String, Encodable, Sendable { case absent, agrees, disagrees }

    var file: String
    var fileBytes: Int
    /// Of the load file: of an extended file the CAP AID and version.
    var packageAid: String
    var packageName: String?
    var packageVersion: String
    var formatVersion: String
    var isExtended: Bool
    /// Names of the Header's flags: `int`, `export`, `applet`, `extended`.
    var flags: [String]
    /// What others can import.
    var exportedPackages: [Package]
    var applets: [Applet]
    var imports: [Import]
    var javaCardVersion: String
    var gpApiVersion: String
    var needsIntegers: Bool
    /// What LOAD carries: the components without Descriptor and Debug.
    var loadFileDataBlockBytes: Int
    var loadFileDataBlockSHA256: String
    /// The same with the Descriptor, as some hosts send it.
    var loadFileDataBlockWithDescriptorBytes: Int
    var memory: Memory
    /// LOAD commands with encrypted commands of SCP03; nil: more than the 256 that can be counted.
    var loadCommands: Int?
    /// The same on cards with long MACs (S16), whose commands carry less.
    var loadCommandsWithLongMACs: Int?
    var manifest: Agreement
    var appletDescription: Agreement
    var warnings: [Warning]
    var components: [Component]

    init(path: String, size: Int, _ cap: CAPFile) {
        file = path
        fileBytes = size
        packageAid = cap.packageAID.description
        packageName = cap.packageName
        packageVersion = cap.packageVersion.description
        formatVersion = cap.formatVersion.description
        isExtended = cap.isExtended
        flags = [(CAPHeader.Flags.integers, "int"), (.export, "export"), (.applet, "applet"), (.extended, "extended")].filter { cap.flags.contains($0.0) }.map(\.1)
        exportedPackages = cap.exportedPackages.map { Package(aid: $0.aid.description, version: $0.version.description, name: $0.name) }
        applets = cap.applets.map { Applet(aid: $0.aid.description, name: $0.name) }
        imports = cap.imports.map(Import.init)
        javaCardVersion = cap.requirements.javaCardVersion.description
        gpApiVersion = cap.requirements.gpApiVersion.description
        needsIntegers = cap.requirements.needsIntegers
        loadFileDataBlockBytes = cap.loadFileDataBlock.count
        loadFileDataBlockSHA256 = Hex.encode(cap.loadFileDataBlockHash)
        loadFileDataBlockWithDescriptorBytes = cap.loadFileDataBlockWithDescriptor.count
        memory = Memory(loadFileDataBlock: cap.memory.code, staticFields: cap.memory.staticFields, staticArrays: cap.memory.staticArrays)
        let length = LoadFile.length(dataBlock: cap.loadFileDataBlock.count)
        loadCommands = LoadCommand.blockCount(loadFileLength: length, maximumPayload: LoadCommand.largestPayload)
        loadCommandsWithLongMACs = LoadCommand.blockCount(loadFileLength: length, maximumPayload: SecurityLevel.commands.maximumPayload(SCP03Parameter(rawValue: 0x01)))
        manifest = cap.manifest == nil ? .absent : cap.warnings.contains { $0.code == .manifest } ? .disagrees : .agrees
        appletDescription = !cap.hasAppletDescription ? .absent : cap.warnings.contains { $0.code == .appletDescription } ? .disagrees : .agrees
        warnings = cap.warnings.map { Warning(code: $0.code.rawValue, place: $0.place, problem: $0.problem) }
        components = cap.components.map { Component(name: $0.kind.fileName, bytes: $0.bytes.count) }
    }

    private var loads: String {
        guard let loadCommands else { return "more than the \(LoadCommand.maximumBlocks) LOAD commands that there can be" }
        return "\(loadCommands) LOAD commands, " + (loadCommandsWithLongMACs.map { "\($0) on cards with long MACs" } ?? "too long for cards with long MACs (S16)")
    }

    var text: String {
        var lines = [
            "\(file): \(fileBytes) bytes, CAP format \(formatVersion)\(isExtended ? ", extended" : ""), flags \(flags.isEmpty ? "none" : flags.joined(separator: " "))",
            "\(isExtended ? "file     " : "package  ") \(packageAid) version \(packageVersion)\(packageName.map { ", \($0)" } ?? "")",
        ]
        lines += exportedPackages.map { "exports   \($0.aid) \($0.version)\($0.name.map { ", \($0)" } ?? "")" }
        lines += applets.map { "applet    \($0.aid)\($0.name.map { ", \($0)" } ?? "")" }
        if applets.isEmpty { lines.append("applet    none: a library") }
        lines += imports.map { "imports   \($0.aid) \($0.version): \($0.meaning)" }
        lines.append("needs     Java Card \(javaCardVersion), GlobalPlatform API \(gpApiVersion)\(needsIntegers ? ", type int" : "")")
        lines.append("memory    code \(memory.loadFileDataBlock), static fields \(memory.staticFields), their arrays \(memory.staticArrays)")
        lines.append("loads     \(loadFileDataBlockBytes) bytes, SHA-256 \(loadFileDataBlockSHA256), \(loads)")
        lines.append("beside    manifest \(manifest.rawValue), applet.xml \(appletDescription.rawValue)")
        lines += warnings.map { "warning   \($0.place): \($0.problem)" }
        lines += components.map { "component \($0.name.padded(to: 20)) \($0.bytes)" }
        return lines.joined(separator: "\n")
    }
}

extension CAPReport.Import {
    init(_ item: CAPImport) {
        aid = item.aid.description
        version = item.version.description
        name = item.aid.platformPackageName
        if item.aid.bytes.starts(with: [0xA0, 0x00, 0x00, 0x00, 0x62]) {
            origin = .javaCard
            needs = PlatformRequirements.javaCardVersion(offering: item).map { "Java Card \($0)" }
        } else if item.aid.bytes.starts(with: [0xA0, 0x00, 0x00, 0x01, 0x51]) {
            origin = .globalPlatform
            needs = item.aid.bytes == PlatformRequirements.globalPlatformPackage ? "GlobalPlatform API \(item.version)" : nil
        } else {
            origin = name == nil ? .library : .platform
        }
    }

    var meaning: String {
        switch origin {
        case .library: "a library, which another load file has to bring"
        case .javaCard: "\(name ?? "a Java Card package")\(needs.map { ", since \($0)" } ?? "")"
        case .globalPlatform: "\(name ?? "a GlobalPlatform package")\(needs.map { ", \($0)" } ?? "")"
        case .platform: "\(name ?? "a package of the platform"), which the component has to offer"
        }
    }
}
