/// What follows from the classes of a `SampleCAP`: Class, Method, ConstantPool, RefLocation, Export, Applet and Descriptor, whose offsets hang together.
struct SampleCode {
    private struct Method {
        var token: UInt8
        var flags: UInt8
        var block: Int
        var offset: Int
        /// Offset of its signature in the Descriptor's types.
        var type: Int
        var byteCount: Int
    }

    private struct Class {
        /// FF: nobody outside may use it.
        var token: UInt8
        var offset: Int
        var methods: [Method]
    }

    private let cap: SampleCAP
    /// Of the Method component, the number of exception handlers first.
    private var blocks: [[UInt8]]
    /// Of each block: where two bytes name a constant.
    private var references: [[Int]]
    private var constants: [(bytes: [UInt8], type: Int)] = []
    private var classInfo: [UInt8]
    private var exported: [[Class]] = []
    private var others: [Class] = []
    private var installs: [Method] = []

    /// Signatures: ()V, install([BSB)V, process(APDU)V, ()S.
    private static let signatures: [[UInt8]] = [[1, 0x10], [4, 0xB4, 0x31], [6, 0x68, 0x10, 0xA1], [1, 0x40]]
    private static let noType = 0xFFFF

    init(_ cap: SampleCAP) {
        self.cap = cap
        blocks = Array(repeating: [0], count: cap.isExtended ? cap.methodBlocks : 1)
        references = Array(repeating: [], count: blocks.count)
        // An empty pool of signatures of remote methods.
        classInfo = cap.format >= 2 ? [0, 0] : []
        // Applet.<init>(), Applet.register()
        if !cap.applets.isEmpty {
            constants.append(([6, 0x81, 3, 0], 0))
            constants.append(([3, 0x81, 3, 1], 0))
        }
        for package in cap.isExtended ? cap.packages : [cap.package] {
            exported.append((0..<package.exportedClasses).map { library(token: UInt8($0), block: $0 % blocks.count) })
        }
        for index in cap.applets.indices { others.append(applet(block: index % blocks.count)) }
        if cap.applets.isEmpty && exported.allSatisfy(\.isEmpty) { others.append(library(token: 0xFF, block: 0)) }
        for block in blocks.indices where cap.padding > 0 {
            // Operation 00 does nothing.
            let padding = method(0xFF, static: true, block, [0, 0], [UInt8](repeating: 0, count: cap.padding / blocks.count) + [0x7A], type: 0)
            if others.isEmpty { exported[0][0].methods.append(padding) } else { others[0].methods.append(padding) }
        }
    }

    private mutating func method(_ token: UInt8, static isStatic: Bool, _ block: Int, _ header: [UInt8], _ code: [UInt8], constantsAt: [Int] = [], type: Int) -> Method {
        let offset = blocks[block].count
        references[block] += constantsAt.map { offset + header.count + $0 }
        blocks[block] += header + code
        return Method(token: token, flags: isStatic ? 0x09 : 0x01, block: block, offset: offset, type: type, byteCount: code.count)
    }

    private mutating func constant(_ bytes: [UInt8], type: Int) -> [UInt8] {
        constants.append((bytes, type))
        return u2(constants.count - 1)
    }

    /// A class with one static method, which returns zero after it called the first method of every library that is imported.
    private mutating func library(token: UInt8, block: Int) -> Class {
        var code: [UInt8] = []
        var places: [Int] = []
        for (index, item) in cap.imports.enumerated() where item.aid.first != 0xA0 {
            places.append(code.count + 1)
            // invokestatic, pop
            code += [0x8D] + constant([6, 0x80 | UInt8(index), 0, 0], type: 3) + [0x3B]
        }
        // sconst_0, sreturn
        let method = method(token == 0xFF ? 0xFF : 0, static: true, block, [1, 0], code + [0x03, 0x78], constantsAt: places, type: 3)
        return Class(token: token, offset: classInfo(superclass: [0x80, 0], base: 1, methods: []), methods: [method])
    }

    /// A constructor that registers, `install` and an empty `process`.
    private mutating func applet(block: Int) -> Class {
        // aload_0, invokespecial Applet.<init>, aload_0, invokevirtual register, return
        let constructor = method(0xFF, static: false, block, [1, 0x10], [0x18, 0x8C, 0, 0, 0x18, 0x8B, 0, 1, 0x7A], constantsAt: [2, 6], type: 0)
        let process = method(7, static: false, block, [0, 0x20], [0x7A], type: 2)
        let offset = classInfo(superclass: [0x81, 3], base: 7, methods: [process])
        let own = constant([1] + u2(offset) + [0], type: Self.noType)
        let new = constant([6, cap.isExtended ? UInt8(block) : 0] + u2(constructor.offset), type: 0)
        // new, dup, invokespecial, pop, return
        let install = method(0xFF, static: true, block, [2, 0x30], [0x8F] + own + [0x3D, 0x8C] + new + [0x3B, 0x7A], constantsAt: [1, 5], type: 1)
        installs.append(install)
        return Class(token: 0xFF, offset: offset, methods: [constructor, process, install])
    }

    private mutating func classInfo(superclass: [UInt8], base: UInt8, methods: [Method]) -> Int {
        let offset = classInfo.count
        classInfo += [0] + superclass
        classInfo += [0, 0xFF, 0, base, UInt8(methods.count), 0, 0]
        for method in methods { classInfo += place(method) }
        if cap.format >= 3 {
            let count = base + UInt8(methods.count)
            classInfo += (0..<count) + [count]
        }
        return offset
    }

    /// Of an extended file with the block's number.
    private func place(_ method: Method) -> [UInt8] { (cap.isExtended ? [UInt8(method.block)] : []) + u2(method.offset) }

    var infos: [String: [UInt8]] {
        var infos: [String: [UInt8]] = ["Class": classInfo, "Method": methodInfo, "RefLocation": referenceInfo, "Descriptor": descriptor]
        infos["ConstantPool"] = u2(constants.count) + constants.flatMap(\.bytes)
        if cap.exportsAnything { infos["Export"] = export }
        if !cap.applets.isEmpty {
            var info = [UInt8(cap.applets.count)]
            for (aid, install) in zip(cap.applets, installs) { info += [UInt8(aid.count)] + aid + place(install) }
            infos["Applet"] = info
        }
        return infos
    }

    private var methodInfo: [UInt8] {
        guard cap.isExtended else { return blocks[0] }
        var offset = 1 + 4 * blocks.count
        var offsets: [UInt8] = []
        for block in blocks {
            offsets += u4(offset)
            offset += block.count
        }
        return [UInt8(blocks.count)] + offsets + blocks.flatMap { $0 }
    }

    /// No places of one byte; those of two as distances, 255 for "and more".
    private var referenceInfo: [UInt8] {
        let lists = references.map { places -> [UInt8] in
            var last = 0
            var bytes: [UInt8] = []
            for place in places.sorted() {
                bytes += [UInt8](repeating: 0xFF, count: (place - last) / 255)
                bytes.append(UInt8((place - last) % 255))
                last = place
            }
            return u2(0) + u2(bytes.count) + bytes
        }
        return (cap.isExtended ? [UInt8(lists.count)] : []) + lists.flatMap { $0 }
    }

    private var export: [UInt8] {
        var info: [UInt8] = cap.isExtended ? [UInt8(exported.count)] : []
        for classes in exported {
            info.append(UInt8(classes.count))
            for item in classes { info += u2(item.offset) + [0, 1] + place(item.methods[0]) }
        }
        return info
    }

    private var descriptor: [UInt8] {
        // Packages that nobody imports come last.
        let packages = cap.isExtended ? exported + (others.isEmpty ? [] : [others]) : [exported.flatMap { $0 } + others]
        var info: [UInt8] = cap.isExtended ? [UInt8(packages.count)] : []
        for classes in packages {
            info.append(UInt8(classes.count))
            for item in classes {
                info += [item.token, 0x01] + u2(item.offset) + [0, 0, 0] + u2(item.methods.count)
                for method in item.methods {
                    info += [method.token, method.flags] + place(method)
                    info += u2(typeOffset(method.type)) + u2(method.byteCount) + [0, 0, 0, 0]
                }
            }
        }
        info += u2(constants.count)
        for constant in constants { info += u2(typeOffset(constant.type)) }
        return info + Self.signatures.flatMap { $0 }
    }

    private func typeOffset(_ type: Int) -> Int {
        type == Self.noType ? type : 2 + 2 * constants.count + Self.signatures.prefix(type).reduce(0) { $0 + $1.count }
    }
}
