import ServiceKit
import Testing

@Suite struct TraceContextTests {
    static let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func readsAndWrites() throws {
        let context = try #require(TraceContext(header: Self.header))
        #expect(context.traceID == "0af7651916cd43dd8448eb211c80319c" && context.spanID == "b7ad6b7169203331" && context.isSampled)
        #expect(context.header == Self.header)
        #expect(TraceContext(header: Self.header.dropLast(2) + "00")?.isSampled == false)
        // A later version with more fields
        #expect(TraceContext(header: "01" + Self.header.dropFirst(2) + "-extra") != nil)
    }

    @Test(arguments: [
        "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", header + "-extra", "01" + header.dropFirst(2) + "extra", header.dropLast() + "g",
    ])
    func refuses(_ text: String) {
        #expect(TraceContext(header: text) == nil)
    }

    @Test func childrenStayInTheTrace() throws {
        let root = TraceContext.root { count in (0..<count).map { UInt8($0 + 1) } }
        #expect(root.traceID == "0102030405060708090a0b0c0d0e0f10")
        let child = root.child { count in [UInt8](repeating: 9, count: count) }
        #expect(child.traceID == root.traceID && child.spanID == "0909090909090909")
        // A random generator that fails must not make an invalid trace.
        #expect(TraceContext(header: TraceContext.root { [UInt8](repeating: 0, count: $0) }.header) != nil)
    }
}
