/// How a CAP file lies in its archive.
public struct SampleCAPLayout: Sendable {
    public enum Text: Sendable {
        case none, right
        case other(String)
    }

    public var manifest = Text.right
    public var appletDescription = Text.right
    public var compression: [SampleArchive.Compression] = [.stored]
    /// Entries for the folders, and files that belong to no component.
    public var withFolders = false
    /// Components in the order of the alphabet, then turned around this many places.
    public var rotation = 0
    public var isReversed = false
    public var folder = "com/example/sample/javacard"

    public init(manifest: Text = .right, appletDescription: Text = .right, compression: [SampleArchive.Compression] = [.stored], withFolders: Bool = false,
                rotation: Int = 0, isReversed: Bool = false, folder: String = "com/example/sample/javacard") {
        self.manifest = manifest
        self.appletDescription = appletDescription
        self.compression = compression
        self.withFolders = withFolders
        self.rotation = rotation
        self.isReversed = isReversed
        self.folder = folder
    }
}

extension SampleCAP {
    public func archive(_ layout: SampleCAPLayout = SampleCAPLayout()) -> [UInt8] {
        SampleArchive(files(layout).enumerated().map { index, file in
            .init(name: file.0, content: file.1, file.0.hasSuffix("/") ? .stored : layout.compression[index % layout.compression.count])
        }).bytes
    }

    /// Names and contents in the layout's order.
    public func files(_ layout: SampleCAPLayout = SampleCAPLayout()) -> [(String, [UInt8])] {
        var files = components.map { ("\(layout.folder)/\($0.key)\(isLong($0.key) ? ".capx" : ".cap")", $0.value) }.sorted { $0.0 < $1.0 }
        switch layout.manifest {
        case .none: break
        case .right: files.insert(("META-INF/MANIFEST.MF", Array(manifest.utf8)), at: 0)
        case .other(let text): files.insert(("META-INF/MANIFEST.MF", Array(text.utf8)), at: 0)
        }
        switch layout.appletDescription {
        case .none: break
        case .right: files.append(("APPLET-INF/applet.xml", Array(appletDescription.utf8)))
        case .other(let text): files.append(("APPLET-INF/applet.xml", Array(text.utf8)))
        }
        if layout.withFolders {
            files.insert(("META-INF/", []), at: 0)
            files += [("\(layout.folder)/", []), ("com/example/sample/Sample.class", [0xCA, 0xFE, 0xBA, 0xBE]), ("LICENSE", Array("none".utf8))]
        }
        if layout.isReversed { files.reverse() }
        return Array(files[(layout.rotation % files.count)...] + files[..<(layout.rotation % files.count)])
    }

    public var manifest: String {
        func text(_ aid: [UInt8]) -> String { aid.map { "0x" + hex([$0]) }.joined(separator: ":") }
        let kind = isExtended ? "CAP" : "Package"
        var lines = ["Manifest-Version: 1.0", "", "Name: com/example/sample", "Java-Card-CAP-File-Version: 2.\(format)", "Java-Card-\(kind)-Version: \(package.major).\(package.minor)",
                     "Java-Card-\(kind)-AID: \(text(package.aid))", "Java-Card-Integer-Support-Required: \(usesIntegers ? "TRUE" : "FALSE")"]
        // Applets of the extended sample lie in a private package after the public ones.
        for (index, item) in packages.enumerated() { lines += ["Java-Card-Package-\(index + 1)-AID: \(text(item.aid))", "Java-Card-Package-\(index + 1)-Version: \(item.major).\(item.minor)"] }
        let prefix = isExtended ? "Java-Card-Package-\(packages.count + 1)-" : ""
        for (index, aid) in applets.enumerated() {
            lines += ["\(prefix)Java-Card-Applet-\(index + 1)-AID: \(text(aid))", "\(prefix)Java-Card-Applet-\(index + 1)-Name: Sample\(index + 1)"]
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }

    public var appletDescription: String {
        let entries = applets.map { "  <applet>\n    <!-- <b> -->\n    <applet-class>com.example.Sample</applet-class>\n    <applet-AID>//aid/\(hex(Array($0.prefix(5))))/\(hex(Array($0.dropFirst(5))))</applet-AID>\n  </applet>\n" }
        return "<?xml version=\"1.0\"?>\n<applet-app version=\"3.0\" note='a > b'>\n\(entries.joined())</applet-app>\n"
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { byte in [byte >> 4, byte & 15].map { String($0, radix: 16) }.joined() }.joined()
    }
}
