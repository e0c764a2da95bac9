import GlobalPlatform

/// What `cap inspect` tells.
struct CAPReport: Encodable, Sendable {
    struct Package: Encodable, Sendable {
        var aid: String
        var version: String
    }

    struct Applet: Encodable, Sendable {
        var aid: String
        var name: String?
    }

    struct Component: Encodable, Sendable {
        var name: String
        var bytes: Int
    }

    var file: String
    var fileBytes: Int
    var packageAid: String
    var packageName: String?
    var packageVersion: String
    var formatVersion: String
    var applets: [Applet]
    var imports: [Package]
    var javaCardVersion: String
    var gpApiVersion: String
    var needsIntegers: Bool
    /// What LOAD carries: the components without Descriptor and Debug.
    var loadFileDataBlockBytes: Int
    var loadFileDataBlockSHA256: String
    var components: [Component]

    init(path: String, size: Int, _ cap: CAPFile) {
        file = path
        fileBytes = size
        packageAid = cap.packageAID.description
        packageName = cap.packageName
        packageVersion = cap.packageVersion.description
        formatVersion = cap.formatVersion.description
        applets = cap.applets.map { Applet(aid: $0.aid.description, name: $0.name) }
        imports = cap.imports.map { Package(aid: $0.aid.description, version: $0.version.description) }
        javaCardVersion = cap.requirements.javaCardVersion.description
        gpApiVersion = cap.requirements.gpApiVersion.description
        needsIntegers = cap.requirements.needsIntegers
        loadFileDataBlockBytes = cap.loadFileDataBlock.count
        loadFileDataBlockSHA256 = Hex.encode(cap.loadFileDataBlockHash)
        components = cap.components.map { Component(name: $0.kind.fileName, bytes: $0.bytes.count) }
    }

    var text: String {
        var lines = [
            "\(file): \(fileBytes) bytes, CAP format \(formatVersion)",
            "package   \(packageAid) version \(packageVersion)\(packageName.map { ", \($0)" } ?? "")",
        ]
        lines += applets.map { "applet    \($0.aid)\($0.name.map { ", \($0)" } ?? "")" }
        lines += imports.map { "imports   \($0.aid) \($0.version)" }
        lines.append("needs     Java Card \(javaCardVersion), GlobalPlatform API \(gpApiVersion)\(needsIntegers ? ", type int" : "")")
        lines.append("loads     \(loadFileDataBlockBytes) bytes, SHA-256 \(loadFileDataBlockSHA256)")
        lines += components.map { "component \($0.name.padded(to: 20)) \($0.bytes)" }
        return lines.joined(separator: "\n")
    }
}
