/// The Directory component (Java Card Virtual Machine Specification, 6.5): the size of every other one.
struct CAPDirectory {
    /// Of the info of each component; 0 = not there.
    let sizes: [CAPComponent.Kind: Int]
    let importCount: Int
    let appletCount: Int
    let staticImageSize: Int

    init(_ component: CAPComponent, formatVersion: VersionNumber) throws(CAPError) {
        var reader = component.reader()
        var kinds = CAPComponent.Kind.allCases.filter { $0 != .staticResources && $0 != .debug }
        if formatVersion >= VersionNumber([2, 2]) { kinds.append(.debug) }
        var sizes: [CAPComponent.Kind: Int] = [:]
        for kind in kinds { sizes[kind] = try reader.u2() }
        if formatVersion >= VersionNumber([2, 3]) { sizes[.staticResources] = try reader.u4() }
        staticImageSize = try reader.u2()
        try reader.skip(4)
        importCount = try reader.u1()
        appletCount = try reader.u1()
        let customCount = try reader.u1()
        for _ in 0..<customCount {
            let tag = try reader.u1()
            guard tag >= 128 else { throw reader.error("custom components have tags of 128 and more, not \(tag)") }
            try reader.skip(2)
            _ = try reader.aid()
        }
        try reader.finish()
        self.sizes = sizes
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
            case (_, nil): throw CAPError(.missingComponent, "\(kind.fileName).cap", "the directory lists it with \(announced) bytes")
            case (_, let component?):
                guard component.info.count == announced else {
                    throw CAPError(.component, "\(kind.fileName).cap", "it has \(component.info.count) bytes and the directory says \(announced)")
                }
            }
        }
    }
}
