extension CAPFile {
    /// The `.cap` files in the one folder `…/javacard/`, and the package that the folder stands for.
    static func components(of zip: ZIPArchive) throws(CAPError) -> (package: String?, [CAPComponent.Kind: CAPComponent]) {
        var folder: String?
        var components: [CAPComponent.Kind: CAPComponent] = [:]
        for entry in zip.entries {
            let lowered = entry.name.lowercased()
            if lowered.hasSuffix(".capx") {
                throw CAPError(.extendedFormat, entry.name, "the extended CAP format of Java Card 3.1 is not supported; convert to the compact format")
            }
            guard lowered.hasSuffix(".cap") else { continue }
            let parts = entry.name.split(separator: "/")
            guard parts.count >= 2, parts[parts.count - 2].lowercased() == "javacard", let file = parts.last else { continue }
            let here = parts.dropLast().joined(separator: "/")
            guard folder == nil || folder == here else { throw CAPError(.extendedFormat, entry.name, "components of several packages are in one file") }
            folder = here
            guard let kind = kind(fileName: file.dropLast(4)) else {
                // Custom components are listed in the directory, and a card skips those that it does not know.
                guard entry.content.first ?? 0 >= 128 else { throw CAPError(.component, entry.name, "it is no component that is known") }
                continue
            }
            guard components[kind] == nil else { throw CAPError(.component, entry.name, "the component occurs twice") }
            components[kind] = try CAPComponent(kind: kind, bytes: entry.content)
        }
        guard let folder else { throw CAPError(.missingComponent, "archive", "it holds no folder 'javacard' with CAP components") }
        let package = folder.split(separator: "/").dropLast().joined(separator: ".")
        return (package.isEmpty ? nil : package, components)
    }

    private static func kind(fileName: Substring) -> CAPComponent.Kind? {
        let name = fileName.lowercased()
        return CAPComponent.Kind.allCases.first { $0.fileName.lowercased() == name }
    }

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

    static func applets(_ component: CAPComponent?, methodSize: Int, names: [AID: String]) throws(CAPError) -> [CAPApplet] {
        guard let component else { return [] }
        var reader = component.reader()
        let count = try reader.u1()
        guard count > 0 else { throw reader.error("an applet component without applets") }
        var applets: [CAPApplet] = []
        for _ in 0..<count {
            let aid = try reader.aid()
            let offset = try reader.u2()
            guard offset > 0, offset < methodSize else { throw reader.error("the install method of \(aid) lies outside the method component") }
            guard !applets.contains(where: { $0.aid == aid }) else { throw reader.error("applet \(aid) occurs twice") }
            applets.append(CAPApplet(aid: aid, installOffset: offset, name: names[aid]))
        }
        try reader.finish()
        return applets
    }
}
