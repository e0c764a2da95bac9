@testable import GlobalPlatform
import Testing

/// Streams made by zlib.
@Suite struct InflateTests {
    static let dynamic = """
        7dd53b6ec3301004d03ea7d0015288fbe1e7400e62c0498aa8c8f1e340330585614a634072b96f293fee9fb76ddfbedeb6e3fdb61db79fe3f5f9f3b87fdcbeb7fde5f1979639 \
        6d48cb99da9c16a471a63ea71de938d39853e3cef58c738e0762cb33ae73ec881dabdba530de2a70789ff3405c51f9b82ce7c53aee5d2e4d4b1e8ff8d2b5c2cb19f62f97c655 \
        96d790bb4669863c340be3d42ecef2ab96a95cdfb4cd40f34bd738cefb0fadd33054b62f780a0ab0a27d1207982d8006fccd355000c062213438d9b9106205550b0d1ed0b450 \
        b2055d1375c463210401dfb5906180bc68a18efdddb450f2e9fa42c820e4a1853a1e98e742a8a2c15e174f88376c0ba1c20dba16ea18011f5aa8228f5d0b055a1465f188d081 \
        304d54b8de35118f0f2d343060915aa8a33f5117428ddfd7a6851a37e80ba1c60a8616629efb42882764d142ac304d0bf18ae95a882dcad042fc07c9ff81b26a200267d3421c \
        90ec5a8803966321f49cd05f
        """

    private static let lines = (0..<60).map { "line \($0) of the text, \($0 * 7 % 13) times \($0 * $0 % 97)\n" }.joined()

    @Test func kindsOfBlocks() throws {
        #expect(try Inflate.inflate(octets("010c00f3ff73746f726564206279746573"), size: 12) == Array("stored bytes".utf8))
        #expect(try Inflate.inflate(octets("4bcbac484d5148ce4f492dd65148c3c10100"), size: 37) == Array("fixed codes, fixed codes, fixed codes".utf8))
        #expect(try Inflate.inflate(octets("4b4c1c05c40200"), size: 300) == Array(repeating: 0x61, count: 300))
        #expect(try Inflate.inflate(octets(Self.dynamic), size: 1914) == Array(Self.lines.utf8))
        #expect(try Inflate.inflate(octets("0300"), size: 0).isEmpty)
    }

    @Test func neverMoreNorLessThanAnnounced() throws {
        #expect(throws: Inflate.Failure.tooLong) { try Inflate.inflate(octets("4b4c1c05c40200"), size: 299) }
        #expect(throws: Inflate.Failure.tooShort) { try Inflate.inflate(octets("4b4c1c05c40200"), size: 301) }
        #expect(throws: Inflate.Failure.tooLong) { try Inflate.inflate(octets(Self.dynamic), size: 10) }
        #expect(throws: Inflate.Failure.tooLong) { try Inflate.inflate(octets("010c00f3ff73746f726564206279746573"), size: 11) }
        #expect(throws: Inflate.Failure.trailingBytes) { try Inflate.inflate(octets("030000"), size: 0) }
    }

    @Test func damage() throws {
        #expect(throws: Inflate.Failure.invalidBlock) { try Inflate.inflate([0x07], size: 0) }
        #expect(throws: Inflate.Failure.truncated) { try Inflate.inflate([], size: 0) }
        #expect(throws: Inflate.Failure.invalidBlock) { try Inflate.inflate(octets("010c00f3fe73746f726564206279746573"), size: 12) }
        #expect(throws: Inflate.Failure.truncated) { try Inflate.inflate(octets("010c00f3ff73"), size: 12) }
        // Fixed block: a copy from before the beginning.
        #expect(throws: Inflate.Failure.invalidDistance) { try Inflate.inflate(octets("03020000"), size: 10) }
        let whole = try octets(Self.dynamic)
        for length in 0..<whole.count { #expect(throws: Inflate.Failure.self) { try Inflate.inflate(Array(whole.prefix(length)), size: 1914) } }
    }

    @Test func randomBytesNeverCrash() {
        var generator = TestGenerator(seed: 6)
        for _ in 0..<20_000 {
            let bytes = generator.bytes(Int.random(in: 0...40, using: &generator))
            let size = Int.random(in: 0...500, using: &generator)
            if let output = try? Inflate.inflate(bytes, size: size) { #expect(output.count == size) }
        }
    }

    @Test func mutatedStreamsNeverCrash() throws {
        var generator = TestGenerator(seed: 7)
        let whole = try octets(Self.dynamic)
        for _ in 0..<3000 { if let output = try? Inflate.inflate(generator.mutate(whole), size: 1914) { #expect(output.count == 1914) } }
    }

    @Test func oversubscribedCodesAreRefused() {
        #expect(HuffmanCode(lengths: [1, 1, 1] as [UInt8]) == nil)
        #expect(HuffmanCode(lengths: [2, 2, 2] as [UInt8]) == nil)
        #expect(HuffmanCode(lengths: [1] as [UInt8]) != nil)
        #expect(HuffmanCode(lengths: [1, 2, 2] as [UInt8])?.symbols == [0, 1, 2])
    }

    @Test func checksum() {
        #expect(CRC32.checksum(Array("123456789".utf8)) == 0xCBF4_3926)
        #expect(CRC32.checksum([UInt8]()) == 0)
    }
}
