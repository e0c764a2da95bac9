/// A load file data block as the card receives it: components one after the other, from which it learns packages, modules and imports.
public struct LoadFileDataBlock: Hashable, Sendable {
    public let header: CAPHeader
    public let applets: [CAPApplet]
    public let imports: [CAPImport]
    public let components: [CAPComponent]

    /// What others can import once it is loaded: the package if it has exports, of an extended file all public packages.
    public var exportedPackages: [CAPPackage] { header.exportedPackages }

    /// Components may come in any order after Header and Directory, each once; Descriptor and Debug may be there or not, and components of
    /// somebody's own (tags from 128 on) are ignored (Java Card Virtual Machine Specification 3.1, 6.2.2).
    public init(parsing bytes: [UInt8]) throws(CAPError) {
        header = try CAPHeader(loadFileDataBlock: bytes)
        let isExtended = header.isExtended
        var offset = 0
        var components: [CAPComponent.Kind: CAPComponent] = [:]
        var order: [CAPComponent.Kind] = []
        while offset < bytes.count {
            let place = "load file data block, offset \(offset)"
            let tag = bytes[offset]
            let kind = CAPComponent.Kind(rawValue: tag)
            guard kind != nil || tag >= 128 else { throw CAPError(.component, place, "no component has tag \(tag)") }
            let sizeLength = kind?.isLong(inExtendedFile: isExtended) ?? isExtended ? 4 : 2
            guard bytes.count - offset > sizeLength else { throw CAPError(.component, place, "it is cut short") }
            let size = bytes[offset + 1..<offset + 1 + sizeLength].reduce(0) { $0 << 8 | Int($1) }
            guard size <= bytes.count - offset - 1 - sizeLength else { throw CAPError(.component, place, "component \(kind?.fileName ?? "\(tag)") is cut short") }
            let end = offset + 1 + sizeLength + size
            if let kind {
                guard components[kind] == nil else { throw CAPError(.component, place, "component \(kind.fileName) occurs twice") }
                components[kind] = try CAPComponent(kind: kind, bytes: Array(bytes[offset..<end]), isExtended: isExtended)
                order.append(kind)
            }
            offset = end
        }
        guard order.starts(with: [.header, .directory]), let directory = components[.directory] else {
            throw CAPError(.missingComponent, "load file data block", "it does not begin with Header and Directory")
        }
        let sizes = try CAPDirectory(directory, of: header)
        try sizes.check(components, descriptorMayBeMissing: true)
        guard let imported = components[.import], let method = components[.method] else {
            throw CAPError(.missingComponent, "load file data block", "Import or Method is missing")
        }
        for component in components.values { try CAPComponentChecks.check(component, isExtended: isExtended) }
        let methods = try CAPMethodBlocks(method, isExtended: isExtended)
        imports = try CAPFile.imports(imported)
        applets = try CAPFile.applets(components[.applet], methods: methods, isExtended: isExtended, names: [:])
        self.components = order.compactMap { components[$0] }
    }
}
