/// Where methods lie in the Method component (Java Card Virtual Machine Specification 3.1, 6.10).
///
/// A compact file has one block, which is the whole info. An extended one begins with `{u1 count, u4 offset[count]}` and has blocks of at most
/// 65 535 bytes after that. What the offsets count from was not to be had from a specification; only their differences are used, so that any
/// beginning will do.
struct CAPMethodBlocks {
    /// Bytes of each block.
    let sizes: [Int]

    init(_ component: CAPComponent, isExtended: Bool) throws(CAPError) {
        var reader = component.reader()
        guard isExtended else {
            try CAPMethodBlocks.checkHandlers(reader, size: reader.remaining)
            sizes = [component.info.count]
            return
        }
        let count = try reader.u1()
        // A reference to a method has seven bits for its block.
        guard count <= 128 else { throw reader.error("\(count) blocks are more than the 128 that there can be") }
        var offsets: [Int] = []
        for _ in 0..<count { offsets.append(try reader.u4()) }
        guard count > 0 || reader.remaining == 0 else { throw reader.error("\(reader.remaining) bytes belong to no block") }
        var sizes: [Int] = []
        for index in 0..<count {
            let size = index + 1 < count ? offsets[index + 1] - offsets[index] : reader.remaining
            guard (1...0xFFFF).contains(size), size <= reader.remaining else {
                throw reader.error("block \(index) would have \(size) bytes, with \(reader.remaining) left; 1 to 65535 are possible")
            }
            try CAPMethodBlocks.checkHandlers(reader, size: size)
            try reader.skip(size)
            sizes.append(size)
        }
        self.sizes = sizes
    }

    /// A block begins with its exception handlers, eight bytes each.
    private static func checkHandlers(_ block: CAPComponentReader, size: Int) throws(CAPError) {
        var reader = block
        let handlers = try reader.u1()
        guard 8 * handlers < size else { throw reader.error("\(handlers) exception handlers do not fit into \(size) bytes") }
    }

    /// Whether a method can begin there: behind the number of handlers, before the end.
    func contains(offset: Int, block: Int) -> Bool { sizes.indices.contains(block) && offset > 0 && offset < sizes[block] }
}
