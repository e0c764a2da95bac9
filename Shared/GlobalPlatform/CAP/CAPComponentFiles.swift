/// The component files of an archive: everything in the one folder `…/javacard/` that ends in `.cap` or `.capx`, names in any case, in any order.
struct CAPComponentFiles {
    struct Item {
        let name: String
        let content: [UInt8]
        /// `.capx`
        let hasLongExtension: Bool
    }

    /// The folder above `javacard`, with dots: the Java package, or the application of an extended file. nil when there is none.
    let folder: String?
    private(set) var items: [CAPComponent.Kind: Item] = [:]
    /// Components with tags from 128 on, which a card ignores that does not know them (6.2.2).
    private(set) var custom: [Item] = []

    init(_ zip: ZIPArchive) throws(CAPError) {
        var found: String?
        for entry in zip.entries {
            let parts = entry.name.split(separator: "/")
            guard let file = parts.last, let dot = file.lastIndex(of: "."), parts.count >= 2, parts[parts.count - 2].lowercased() == "javacard" else { continue }
            let ending = file[dot...].lowercased()
            guard ending == ".cap" || ending == ".capx" else { continue }
            let here = parts.dropLast().joined(separator: "/")
            guard found == nil || found == here else {
                throw CAPError(.severalFiles, entry.name, "components lie in \(found ?? "") and in \(here); one archive holds one CAP file")
            }
            found = here
            let item = Item(name: entry.name, content: entry.content, hasLongExtension: ending == ".capx")
            guard let kind = CAPComponentFiles.kind(fileName: file[..<dot]) else {
                guard entry.content.first ?? 0 >= 128 else { throw CAPError(.component, entry.name, "it is no component that is known") }
                custom.append(item)
                continue
            }
            guard items[kind] == nil else { throw CAPError(.component, entry.name, "the component occurs twice") }
            items[kind] = item
        }
        guard let found else { throw CAPComponentFiles.nothing(in: zip) }
        let folder = found.split(separator: "/").dropLast().joined(separator: ".")
        self.folder = folder.isEmpty ? nil : folder
    }

    /// - Throws: `CAPError` of code missingComponent or component.
    func component(_ kind: CAPComponent.Kind, isExtended: Bool = false) throws(CAPError) -> CAPComponent {
        guard let item = items[kind] else {
            throw CAPError(.missingComponent, kind.entryName(inExtendedFile: isExtended), "every CAP file has this component")
        }
        return try CAPComponent(kind: kind, bytes: item.content, isExtended: isExtended)
    }

    func components(isExtended: Bool) throws(CAPError) -> [CAPComponent.Kind: CAPComponent] {
        var components: [CAPComponent.Kind: CAPComponent] = [:]
        for kind in CAPComponent.Kind.allCases where items[kind] != nil { components[kind] = try component(kind, isExtended: isExtended) }
        return components
    }

    private static func kind(fileName: Substring) -> CAPComponent.Kind? {
        let name = fileName.lowercased()
        return CAPComponent.Kind.allCases.first { $0.fileName.lowercased() == name }
    }

    /// An archive in the archive is the likeliest mistake.
    private static func nothing(in zip: ZIPArchive) -> CAPError {
        if let inner = zip.entries.first(where: { $0.content.starts(with: [0x50, 0x4B, 0x03, 0x04]) }) {
            return CAPError(.missingComponent, inner.name, "the CAP components are not in this archive, perhaps in the one inside it; give that one itself")
        }
        return CAPError(.missingComponent, "archive", "it holds no folder 'javacard' with CAP components")
    }
}

extension CAPFile {
    static func imports(_ component: CAPComponent) throws(CAPError) -> [CAPImport] {
        var reader = component.reader()
        let count = try reader.u1()
        guard count <= 128 else { throw reader.error("\(count) packages are more than the 128 that can be imported") }
        var imports: [CAPImport] = []
        for _ in 0..<count {
            let minor = try reader.u1()
            let major = try reader.u1()
            imports.append(CAPImport(aid: try reader.aid(), version: VersionNumber([major, minor])))
        }
        try reader.finish()
        return imports
    }

    /// The Applet component (6.6); in an extended file the method block's number of one byte comes before the offset of `install`.
    static func applets(_ component: CAPComponent?, methods: CAPMethodBlocks, isExtended: Bool, names: [AID: String]) throws(CAPError) -> [CAPApplet] {
        guard let component else { return [] }
        var reader = component.reader()
        let count = try reader.u1()
        guard count > 0 else { throw reader.error("an applet component without applets") }
        var applets: [CAPApplet] = []
        for _ in 0..<count {
            let aid = try reader.aid()
            let block = isExtended ? try reader.u1() : 0
            let offset = try reader.u2()
            guard methods.contains(offset: offset, block: block) else { throw reader.error("the install method of \(aid) lies outside the method component") }
            guard !applets.contains(where: { $0.aid == aid }) else { throw reader.error("applet \(aid) occurs twice") }
            applets.append(CAPApplet(aid: aid, methodBlock: block, installOffset: offset, name: names[aid]))
        }
        try reader.finish()
        return applets
    }
}
