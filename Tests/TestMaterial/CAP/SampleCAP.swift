/// Describes a CAP file and writes it, component by component, after the Java Card Virtual Machine Specification 3.1, chapter 6: applets that
/// register and do nothing, libraries whose classes have one static method, compact or extended. It shares nothing with the reader that it tests.
///
/// The extended form follows what public programs read; see the product's reader for how sure that is.
public struct SampleCAP: Sendable {
    public struct Package: Sendable {
        public var aid: [UInt8]
        public var major: UInt8
        public var minor: UInt8
        public var name: String
        /// Classes that others may use; 0: a package that exports nothing.
        public var exportedClasses: Int

        public init(_ aid: [UInt8], _ major: UInt8 = 1, _ minor: UInt8 = 0, name: String = "com/example/sample", exportedClasses: Int = 0) {
            self.aid = aid
            self.major = major
            self.minor = minor
            self.name = name
            self.exportedClasses = exportedClasses
        }
    }

    public struct Import: Sendable {
        public var aid: [UInt8]
        public var major: UInt8
        public var minor: UInt8

        public init(_ aid: [UInt8], _ major: UInt8 = 1, _ minor: UInt8 = 0) {
            self.aid = aid
            self.major = major
            self.minor = minor
        }

        public static let lang = Import([0xA0, 0, 0, 0, 0x62, 0, 1], 1, 0)
        /// Of Java Card 3.0.4.
        public static let framework = Import([0xA0, 0, 0, 0, 0x62, 1, 1], 1, 5)
        /// Of Java Card 3.1.
        public static let framework31 = Import([0xA0, 0, 0, 0, 0x62, 1, 1], 1, 8)
        public static let globalPlatform = Import([0xA0, 0, 0, 1, 0x51, 0], 1, 6)
    }

    /// The package; of an extended file name and version of the whole.
    public var package: Package
    /// Of an extended file: its public packages.
    public var packages: [Package] = []
    public var applets: [[UInt8]] = []
    /// The first two are java.lang and javacard.framework: classes extend what is in them.
    public var imports: [Import] = [.lang, .framework]
    /// 1, 2, 3: CAP format 2.1 to 2.3.
    public var format: UInt8 = 1
    public var isExtended = false
    public var usesIntegers = false
    public var hasDebug = false
    /// Bytes of code that does nothing, spread over the method blocks.
    public var padding = 0
    public var methodBlocks = 1
    public var staticFields = false
    public var staticResources: [(id: UInt16, content: [UInt8])] = []
    /// Tag (from 128 on) and content of a component of somebody's own.
    public var customComponent: (tag: UInt8, content: [UInt8])?

    public init(_ package: Package, applets: [[UInt8]] = [], imports: [Import] = [.lang, .framework]) {
        self.package = package
        self.applets = applets
        self.imports = imports
    }

    /// An extended file of Java Card 3.1.
    public init(extended package: Package, packages: [Package], applets: [[UInt8]] = [], imports: [Import] = [.lang, .framework31]) {
        self.init(package, applets: applets, imports: imports)
        self.packages = packages
        format = 3
        isExtended = true
    }

    public static let tags = ["Header": 1, "Directory": 2, "Applet": 3, "Import": 4, "ConstantPool": 5, "Class": 6, "Method": 7, "StaticField": 8, "RefLocation": 9,
                              "Export": 10, "Descriptor": 11, "Debug": 12, "StaticResources": 13]
    /// Java Card Virtual Machine Specification 3.1, 6.3.
    public static let installOrder = ["Header", "Directory", "Import", "Applet", "Class", "Method", "StaticField", "Export", "ConstantPool", "RefLocation", "StaticResources"]

    public func isLong(_ component: String) -> Bool {
        component == "StaticResources" || component == "Custom" && isExtended || isExtended && ["Method", "RefLocation", "Descriptor", "Debug"].contains(component)
    }

    var exportsAnything: Bool { (isExtended ? packages : [package]).contains { $0.exportedClasses > 0 } }

    /// Info of each component by name, without tag and size; what the file does not have is not there.
    public var infos: [String: [UInt8]] {
        let code = SampleCode(self)
        var infos = code.infos
        infos["Header"] = header
        infos["Import"] = imports.reduce(into: [UInt8(imports.count)]) { $0 += [$1.minor, $1.major, UInt8($1.aid.count)] + $1.aid }
        infos["StaticField"] = staticFields ? [0, 7, 0, 2, 0, 1, 3, 0, 4, 1, 2, 3, 4, 0, 1, 0, 2, 0x55, 0x66] : [UInt8](repeating: 0, count: 10)
        if hasDebug { infos["Debug"] = debug }
        if !staticResources.isEmpty {
            infos["StaticResources"] = staticResources.reduce(into: u2(staticResources.count)) { $0 += u2(Int($1.id)) + u4($1.content.count) } + staticResources.flatMap(\.content)
        }
        infos["Directory"] = []
        infos["Directory"] = directory(infos)
        infos["Directory"] = directory(infos)
        return infos
    }

    /// Components as they lie in the archive and go to the card, by name; the custom one is `Custom`.
    public var components: [String: [UInt8]] {
        var components: [String: [UInt8]] = [:]
        for (name, info) in infos { components[name] = component(name, tag: Self.tags[name] ?? 0, info) }
        if let customComponent { components["Custom"] = component("Custom", tag: Int(customComponent.tag), customComponent.content) }
        return components
    }

    /// - Parameter withDescriptor: as some hosts send it.
    public func loadFileDataBlock(withDescriptor: Bool = false) -> [UInt8] {
        let components = components
        return (Self.installOrder + (withDescriptor ? ["Descriptor"] : [])).flatMap { components[$0] ?? [] }
    }

    private func component(_ name: String, tag: Int, _ info: [UInt8]) -> [UInt8] { [UInt8(tag)] + (isLong(name) ? u4(info.count) : u2(info.count)) + info }

    private var flags: UInt8 { (usesIntegers ? 1 : 0) | (exportsAnything ? 2 : 0) | (applets.isEmpty ? 0 : 4) | (isExtended ? 8 : 0) }

    private var header: [UInt8] {
        func info(_ package: Package) -> [UInt8] { [package.minor, package.major, UInt8(package.aid.count)] + package.aid }
        func name(_ package: Package) -> [UInt8] { [UInt8(package.name.utf8.count)] + Array(package.name.utf8) }
        let start = [0xDE, 0xCA, 0xFF, 0xED, format, 2, flags] + info(package)
        if isExtended { return start + [UInt8(packages.count)] + packages.flatMap(info) + packages.flatMap(name) }
        return format == 1 ? start : start + [0]
    }

    private func directory(_ infos: [String: [UInt8]]) -> [UInt8] {
        func size(_ name: String) -> [UInt8] { isLong(name) ? u4(infos[name]?.count ?? 0) : u2(infos[name]?.count ?? 0) }
        var bytes = ["Header", "Directory", "Applet", "Import", "ConstantPool", "Class", "Method", "StaticField", "RefLocation", "Export", "Descriptor"].flatMap(size)
        if format >= 2 { bytes += size("Debug") }
        if format >= 3 { bytes += size("StaticResources") }
        bytes += staticFields ? [0, 7, 0, 1, 0, 4] : [0, 0, 0, 0, 0, 0]
        bytes += [UInt8(imports.count), UInt8(applets.count)]
        if isExtended { bytes.append(UInt8(methodBlocks)) }
        guard let customComponent else { return bytes + [0] }
        let aid: [UInt8] = [0xF0, 1, 2, 3, 4]
        return bytes + [1, customComponent.tag] + (isExtended ? u4(customComponent.content.count) : u2(customComponent.content.count)) + [UInt8(aid.count)] + aid
    }

    /// Strings, the package's name among them, and no class (6.15); the form in extended files is a guess, which no card and no host of ours reads.
    private var debug: [UInt8] {
        let name = Array(package.name.utf8)
        return u2(1) + u2(name.count) + name + (isExtended ? [1] : []) + u2(0) + u2(0)
    }
}

func u2(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)] }
func u4(_ value: Int) -> [UInt8] { u2(value >> 16) + u2(value) }
