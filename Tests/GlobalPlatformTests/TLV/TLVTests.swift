import GlobalPlatform
import Testing

@Suite struct TLVTests {
    @Test(arguments: [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000, 70_000])
    func lengthsReadBack(_ count: Int) throws {
        let object = TLV(0x9F70, Array(repeating: UInt8(5), count: count))
        #expect(try TLV.parse(object.bytes, minimalLengths: true) == object)
        #expect(try TLV.parseAll(object.bytes + object.bytes) == [object, object])
    }

    @Test func tags() throws {
        #expect(TLVTag(0x7F41).bytes == [0x7F, 0x41] && TLVTag(0x7F41).isConstructed)
        #expect(TLVTag(0x84).bytes == [0x84] && !TLVTag(0x84).isConstructed)
        #expect(TLVTag(0xFF21).isConstructed && !TLVTag(0x9F65).isConstructed)
        #expect(try TLV.parse(octets("5F818101 01 AA")).tag == 0x5F818101)
        #expect(TLVTag(0x9F7F).description == "9F7F")
    }

    @Test func nonMinimalLengthsAreForThoseWhoAllowThem() throws {
        #expect(try TLV.parse(octets("84 8200 01 AA")).value == [0xAA])
        #expect(throws: TLVError.lengthNotMinimal(offset: 0)) { try TLV.parse(octets("84 8101 AA"), minimalLengths: true) }
    }

    @Test func errorsNameTheOffset() throws {
        let cases: [(String, TLVError)] = [
            ("84 01 00 00", .invalidTag(offset: 3)), ("FF21", .truncated(offset: 0)), ("84", .truncated(offset: 0)), ("84 02 00", .truncated(offset: 0)),
            ("84 80 00 00", .invalidLength(offset: 0)), ("84 85 00 00 00 00 00", .invalidLength(offset: 0)), ("84 84 FFFFFFFF", .truncated(offset: 0)),
            ("84 81", .truncated(offset: 0)), ("9F", .truncated(offset: 0)), ("9F 80 01 00", .invalidTag(offset: 0)), ("9F 81 82 83 01 00", .invalidTag(offset: 0)),
            ("84 00 84 05 01", .truncated(offset: 2)),
        ]
        for (hex, error) in cases {
            #expect(throws: error, "\(hex)") { try TLV.parseAll(octets(hex)) }
        }
        #expect(throws: TLVError.trailingBytes(offset: 2)) { try TLV.parse([0x84, 0x00, 0x84, 0x00]) }
        #expect(throws: TLVError.truncated(offset: 0)) { try TLV.parse([UInt8]()) }
        #expect(throws: TLVError.notConstructed(0x84)) { try TLV(0x84, [0x4F, 0x00]).children() }
    }

    @Test func nestingIsBoundedWithoutRecursion() throws {
        var bytes: [UInt8] = []
        for _ in 0..<16 { bytes = TLV(0xE1, bytes).bytes }
        try TLV.checkNesting(bytes)
        #expect(throws: TLVError.self) { try TLV.checkNesting(TLV(0xE1, TLV(0xE1, TLV(0x84, [1]).bytes).bytes).bytes, maximumDepth: 2) }
        for _ in 0..<20_000 { bytes = [0xE1, 0x84] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: bytes.count >> $0) } + bytes.prefix(40) }
        #expect(throws: TLVError.self) { try TLV.checkNesting(bytes) }
    }

    @Test func randomBytesNeverCrash() {
        var generator = TestGenerator(seed: 2)
        var parsed = 0
        for _ in 0..<20_000 {
            let bytes = generator.bytes(Int.random(in: 0...24, using: &generator))
            do throws(TLVError) {
                let objects = try TLV.parseAll(bytes)
                try TLV.checkNesting(objects.bytes, maximumDepth: 8)
                parsed += 1
            } catch {
                #expect(!error.code.isEmpty && !error.description.isEmpty)
            }
        }
        #expect(parsed > 100)
    }

    @Test func dataGroupings() throws {
        for count in [0, 1, 254, 255, 256, 65535] {
            let grouping = DGI(0x8113, Array(repeating: 9, count: count))
            #expect(try DGI.parseAll(grouping.encoded() + grouping.encoded()) == [grouping, grouping])
        }
        #expect(try DGI(0x00B9, [1, 2]).encoded() == octets("00B9 02 0102"))
        #expect(try DGI(0x00B9, Array(repeating: 0, count: 255)).encoded().prefix(5) == [0x00, 0xB9, 0xFF, 0x00, 0xFF])
        #expect(throws: FormatError.self) { try DGI(1, Array(repeating: 0, count: 65536)).encoded() }
        for hex in ["00", "00B9", "00B902 01", "00B9FF00", "00B9FF0002 01"] { #expect(throws: FormatError.self) { try DGI.parseAll(octets(hex)) } }
    }
}
