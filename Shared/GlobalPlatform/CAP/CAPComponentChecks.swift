/// Checks that the counts inside the components fill them exactly (Java Card Virtual Machine Specification, 6.7 to 6.13),
/// so that a damaged file is refused here and not by the card, half loaded.
enum CAPComponentChecks {
    static func check(_ component: CAPComponent) throws(CAPError) {
        switch component.kind {
        case .constantPool: try constantPool(component)
        case .staticField: try staticField(component)
        case .refLocation: try refLocation(component)
        case .export: try export(component)
        case .method: try method(component)
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

    private static func refLocation(_ component: CAPComponent) throws(CAPError) {
        var reader = component.reader()
        for _ in 0..<2 { try reader.skip(try reader.u2()) }
        try reader.finish()
    }

    private static func export(_ component: CAPComponent) throws(CAPError) {
        var reader = component.reader()
        let classCount = try reader.u1()
        for _ in 0..<classCount {
            try reader.skip(2)
            let fields = try reader.u1()
            let methods = try reader.u1()
            try reader.skip(2 * (fields + methods))
        }
        try reader.finish()
    }

    private static func method(_ component: CAPComponent) throws(CAPError) {
        var reader = component.reader()
        let handlers = try reader.u1()
        try reader.skip(8 * handlers)
    }
}
