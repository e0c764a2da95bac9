/// The Directory component (Java Card Virtual Machine Specification 3.1, 6.5): the size of every other one.
///
/// In an extended file Method, RefLocation, Descriptor, Debug and custom components have sizes of four bytes, and the number of method blocks
/// comes before the number of custom components: as two public programs read it.
struct CAPDirectory {
    /// Of the info of each component; 0 = not there.
    let sizes: [CAPComponent.Kind: Int]
    let importCount: Int
    let appletCount: Int
    /// Bytes of the static fields.
    let staticImageSize: Int
    /// Bytes of the arrays that static fields begin with.
    let staticArraySize: Int
    /// Only of an extended file.
    let methodBlockCount: Int?
    let customTags: Set<UInt8>

    init(_ component: CAPComponent, of header: CAPHeader) throws(CAPError) {
        var reader = component.reader()
        var kinds = CAPComponent.Kind.allCases.filter { $0 != .staticResources && $0 != .debug }
        if header.formatVersion >= VersionNumber([2, 2]) { kinds.append(.debug) }
        if header.formatVersion >= VersionNumber([2, 3]) { kinds.append(.staticResources) }
        var sizes: [CAPComponent.Kind: Int] = [:]
        for kind in kinds { sizes[kind] = kind.isLong(inExtendedFile: header.isExtended) ? try reader.u4() : try reader.u2() }
        staticImageSize = try reader.u2()
        try reader.skip(2)
        staticArraySize = try reader.u2()
        importCount = try reader.u1()
        appletCount = try reader.u1()
        methodBlockCount = header.isExtended ? try reader.u1() : nil
        let customCount = try reader.u1()
        var customTags: Set<UInt8> = []
        for _ in 0..<customCount {
            let tag = try reader.u1()
            guard tag >= 128 else { throw reader.error("custom components have tags of 128 and more, not \(tag)") }
            try reader.skip(header.isExtended ? 4 : 2)
            _ = try reader.aid()
            customTags.insert(UInt8(tag))
        }
        try reader.finish()
        self.sizes = sizes
        self.customTags = customTags
    }

    /// Components and sizes must be exactly those that the directory lists.
    func check(_ components: [CAPComponent.Kind: CAPComponent], descriptorMayBeMissing: Bool = false) throws(CAPError) {
        for kind in CAPComponent.Kind.allCases {
            let announced = sizes[kind] ?? 0
            switch (announced, components[kind]) {
            case (0, nil): continue
            // A debug component may be taken out of a file that is to be loaded, and was added by some tools.
            case (_, _) where kind == .debug: continue
            case (_, nil) where kind == .descriptor && descriptorMayBeMissing: continue
            case (_, nil):
                let name = kind.entryName(inExtendedFile: methodBlockCount != nil)
                throw CAPError(.missingComponent, name, "the directory lists it with \(announced) bytes")
            case (_, let component?):
                guard component.info.count == announced else {
                    throw CAPError(.component, component.name, "it has \(component.info.count) bytes and the directory says \(announced)")
                }
            }
        }
    }
}
