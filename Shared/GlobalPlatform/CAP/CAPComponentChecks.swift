/// Checks that the counts inside the components fill them exactly (Java Card Virtual Machine Specification 3.1, 6.8 to 6.16),
/// so that a damaged file is refused here and not by the card, half loaded.
///
/// Extended forms of Export and RefLocation are lists of the compact ones with a count of one byte before them, and offsets of methods have
/// the block's number before them: as two public programs read it.
enum CAPComponentChecks {
    static func check(_ component: CAPComponent, isExtended: Bool) throws(CAPError) {
        switch component.kind {
        case .constantPool: try constantPool(component)
        case .staticField: try staticField(component)
        case .refLocation: try refLocation(component, isExtended)
        case .export: try export(component, isExtended)
        case .staticResources: try staticResources(component)
        case .class where component.info.isEmpty: throw component.reader().error("it is empty")
        default: break
        }
    }

    private static func constantPool(_ component: CAPComponent) throws(CAPError) {
        var reader = component.reader()
        let count = try reader.u2()
        for _ in 0..<count {
            let tag = try reader.u1()
            guard (1...6).contains(tag) else { throw reader.error("constant pool entries have tags 1 to 6, not \(tag)") }
            try reader.skip(3)
        }
        try reader.finish()
    }

    private static func staticField(_ component: CAPComponent) throws(CAPError) {
        var reader = component.reader()
        let imageSize = try reader.u2()
        let referenceCount = try reader.u2()
        let arrayCount = try reader.u2()
        guard arrayCount <= referenceCount else { throw reader.error("\(arrayCount) arrays are more than \(referenceCount) references") }
        for _ in 0..<arrayCount {
            let type = try reader.u1()
            guard (2...5).contains(type) else { throw reader.error("arrays are of type 2 to 5, not \(type)") }
            try reader.skip(try reader.u2())
        }
        let defaultCount = try reader.u2()
        let valueCount = try reader.u2()
        try reader.skip(valueCount)
        guard imageSize == referenceCount * 2 + defaultCount + valueCount else { throw reader.error("the image size does not agree with its parts") }
        try reader.finish()
    }

    private static func refLocation(_ component: CAPComponent, _ isExtended: Bool) throws(CAPError) {
        var reader = component.reader()
        let blocks = isExtended ? try reader.u1() : 1
        for _ in 0..<2 * blocks { try reader.skip(try reader.u2()) }
        try reader.finish()
    }

    private static func export(_ component: CAPComponent, _ isExtended: Bool) throws(CAPError) {
        var reader = component.reader()
        let packages = isExtended ? try reader.u1() : 1
        for _ in 0..<packages {
            let classCount = try reader.u1()
            for _ in 0..<classCount {
                try reader.skip(2)
                let fields = try reader.u1()
                let methods = try reader.u1()
                try reader.skip(2 * fields + (isExtended ? 3 : 2) * methods)
            }
        }
        try reader.finish()
    }

    /// `{u2 count, {u2 id, u4 size}[count], resources}`; a resource has at most 32 767 bytes.
    private static func staticResources(_ component: CAPComponent) throws(CAPError) {
        var reader = component.reader()
        let count = try reader.u2()
        var ids: Set<Int> = []
        var total = 0
        for _ in 0..<count {
            let id = try reader.u2()
            guard ids.insert(id).inserted else { throw reader.error("resource \(id) occurs twice") }
            let size = try reader.u4()
            guard size <= 0x7FFF else { throw reader.error("resource \(id) has \(size) bytes; 32767 are possible") }
            total += size
        }
        try reader.skip(total)
        try reader.finish()
    }
}
