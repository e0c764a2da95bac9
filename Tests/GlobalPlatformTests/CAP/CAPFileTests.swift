import GlobalPlatform
import TestMaterial
import Testing

/// The applets that the product carries, against their description and against hashes computed by another program.
@Suite struct CAPFileTests {
    struct Expected: Sendable {
        let name: String
        let package: String
        let version: [Int]
        let format: [Int]
        let applets: [String]
        let imports: [String]
        let javaCard: [Int]
        let gpApi: [Int]
        let size: Int
        let hash: String
    }

    static let applets = [
        Expected(name: "ticket-1.0-jc304", package: "f054534d530101", version: [1, 0], format: [2, 1], applets: ["f054534d53010101 TicketApplet"],
                 imports: ["a0000000620101 1.5", "a00000015100 1.6", "a0000000620102 1.5", "a0000000620001 1.0"], javaCard: [3, 0, 4], gpApi: [1, 6, 0],
                 size: 1120, hash: "4c33b81c3be42d0177c1e132a37798ab1fed2af4bfac719e8e128cb44e25c3f7"),
        Expected(name: "ticket-1.1-jc304", package: "f054534d530101", version: [1, 1], format: [2, 1], applets: ["f054534d53010101 TicketApplet"],
                 imports: ["a0000000620101 1.5", "a00000015100 1.6", "a0000000620102 1.5", "a0000000620001 1.0"], javaCard: [3, 0, 4], gpApi: [1, 6, 0],
                 size: 1143, hash: "99685c665f7cc7638871c885f282a839b1ace25da5b016125c8230befa754c04"),
        Expected(name: "ticket-1.1-jc310", package: "f054534d530101", version: [1, 1], format: [2, 3], applets: ["f054534d53010101 TicketApplet"],
                 imports: ["a0000000620101 1.8", "a00000015100 1.6", "a0000000620102 1.7", "a0000000620001 1.0"], javaCard: [3, 1, 0], gpApi: [1, 6, 0],
                 size: 1162, hash: "e94355b58d4770d5e301ea8eb9f7d8fb2f07c3d22ee1e00c8386be7b8a0324d5"),
        Expected(name: "store-1.0-jc304", package: "f054534d530102", version: [1, 0], format: [2, 1], applets: ["f054534d53010201 StoreApplet", "f054534d53010202 CounterApplet"],
                 imports: ["a0000000620101 1.5", "a0000000620001 1.0"], javaCard: [3, 0, 4], gpApi: [0, 0, 0],
                 size: 501, hash: "8ab6008cd475297dbb6607ffd756173f6e198346d36275def20cf01d876fd442"),
        Expected(name: "bulk-1.0-jc304", package: "f054534d530103", version: [1, 0], format: [2, 1], applets: ["f054534d53010301 BulkApplet"],
                 imports: ["a0000000620101 1.5", "a0000000620001 1.0"], javaCard: [3, 0, 4], gpApi: [0, 0, 0],
                 size: 25388, hash: "515597e922db047a74f9fe5fedb6c9c4d76b0fdbf43f96bd7b3c326e26c5466b"),
    ]

    @Test(arguments: applets.indices) func ours(_ index: Int) throws {
        let expected = Self.applets[index]
        let cap = try CAPFile(Applets.archive(expected.name))
        #expect(cap.packageAID.description == expected.package)
        #expect(cap.packageVersion.components == expected.version && cap.formatVersion.components == expected.format)
        #expect(cap.applets.map { "\($0.aid) \($0.name ?? "")" } == expected.applets)
        #expect(cap.imports.map { "\($0.aid) \($0.version)" } == expected.imports)
        #expect(cap.requirements.javaCardVersion.components == expected.javaCard && cap.requirements.gpApiVersion.components == expected.gpApi)
        #expect(cap.flags == .applet && !cap.requirements.needsIntegers)
        #expect(cap.loadFileDataBlock.count == expected.size)
        #expect(Hex.encode(cap.loadFileDataBlockHash) == expected.hash)
        #expect(cap.packageName == "org.tsms.applets." + (expected.name.split(separator: "-").first ?? ""))
        #expect(cap.manifest?["Java-Card-Package-Name"] == cap.packageName)
        #expect(cap.components.map(\.kind).contains(.descriptor))
    }

    @Test(arguments: applets.indices) func asTheCardReadsIt(_ index: Int) throws {
        let cap = try CAPFile(Applets.archive(Self.applets[index].name))
        for bytes in [cap.loadFileDataBlock, cap.loadFileDataBlockWithDescriptor] {
            let block = try LoadFileDataBlock(parsing: bytes)
            #expect(block.header == cap.header && block.imports == cap.imports && block.applets.map(\.aid) == cap.applets.map(\.aid))
        }
        #expect(try CAPHeader(loadFileDataBlock: cap.loadFileDataBlock) == cap.header)
        let commands = try cap.loadFile.commands(maximumPayload: 239)
        #expect(try LoadFile(parsing: commands.flatMap(\.block)) == cap.loadFile)
        #expect(commands.allSatisfy { $0.block.count <= 239 })
    }

    @Test func loadFileHeaders() throws {
        #expect(try LoadFile(dataBlock: CAPFile(Applets.archive("store-1.0-jc304")).loadFileDataBlock).bytes.prefix(4) == [0xC4, 0x82, 0x01, 0xF5])
        #expect(LoadFile(dataBlock: Array(repeating: 0, count: 211)).bytes.prefix(3) == [0xC4, 0x81, 0xD3])
        let signed = LoadFile(dapBlocks: [.init(securityDomain: .issuerSecurityDomain, signature: [1, 2])], dataBlock: [9])
        #expect(try signed.bytes == octets("E20E 4F08A000000151000000 C3020102 C40109"))
        #expect(try LoadFile(parsing: signed.bytes) == signed)
        for hex in ["", "E200C40109", "C40109C40109", "C40109E200", "C501"] { #expect(throws: FormatError.self, "\(hex)") { try LoadFile(parsing: octets(hex)) } }
    }

    @Test func needsAtLeastTheFirstJavaCard() throws {
        #expect(try VersionNumber("2.1.1") <= CAPFile(Applets.archive("store-1.0-jc304")).requirements.javaCardVersion)
    }
}
