import GlobalPlatform
import Testing

@Suite struct ResponseTests {
    @Test func select() throws {
        let bytes = try octets("6F 10 84 08 A000000151000000 A5 04 9F6501FF")
        let response = try SelectResponse(parsing: bytes)
        #expect(response == SelectResponse(aid: .issuerSecurityDomain, maximumCommandLength: 255))
        #expect(response.bytes == bytes)
        let full = SelectResponse(aid: .issuerSecurityDomain, maximumCommandLength: 0x400, productionLifeCycle: [1, 2], managementData: [TLV(0x06, [0x2A])])
        #expect(try SelectResponse(parsing: full.bytes) == full)
        for hex in ["", "6F00", "6F028400", "84 05 A000000001", "6F 07 84 05 A000000001 00"] { #expect(throws: FormatError.self, "\(hex)") { try SelectResponse(parsing: octets(hex)) } }
    }

    @Test func productionLifeCycle() throws {
        let data = (0..<42).map { UInt8($0) }
        let cplc = try CardProductionLifeCycle(parsing: [0x9F, 0x7F, 0x2A] + data)
        #expect(cplc[.icFabricator] == [0, 1] && cplc[.icSerialNumber] == [12, 13, 14, 15] && cplc[.icBatchIdentifier] == [16, 17])
        #expect(cplc[.icPersonalizationEquipment] == [38, 39, 40, 41])
        #expect(CardProductionLifeCycle.Field.allCases.reduce(0) { $0 + $1.length } == 42)
        #expect(cplc.chipIdentity == [0, 1, 2, 3, 16, 17, 12, 13, 14, 15])
        #expect(cplc.bytes == [0x9F, 0x7F, 0x2A] + data)
        #expect(try CardProductionLifeCycle(parsing: data) == cplc)
        #expect(throws: FormatError.self) { try CardProductionLifeCycle(parsing: [0x9F, 0x7F, 0x29] + data.dropLast()) }
    }

    @Test func recognitionDataWithEverything() throws {
        let data = CardRecognitionData(cardSpecificationVersion: [2, 3, 1], secureChannels: [SecureChannelProtocol(identifier: 3, option: 0x70), SecureChannelProtocol(identifier: 2, option: 0x55)],
                                       cardConfiguration: [1], chipDetails: [2, 3])
        #expect(try CardRecognitionData(parsing: data.bytes) == data)
    }

    @Test func recognitionDataByteForByte() throws {
        let bytes = try octets("66 31 73 2F 06072A864886FC6B01 600C060A2A864886FC6B02020301 630906072A864886FC6B03 640B06092A864886FC6B040370")
        let data = CardRecognitionData(cardSpecificationVersion: [2, 3, 1], secureChannels: [SecureChannelProtocol(identifier: 3, option: 0x70)])
        #expect(data.bytes == bytes)
        #expect(try CardRecognitionData(parsing: bytes) == data)
        for hex in ["6600", "66027300", "660B730906072A864886FC6B02", "66 0F 73 0D 06072A864886FC6B01 64 02 0600"] {
            #expect(throws: FormatError.self, "\(hex)") { try CardRecognitionData(parsing: octets(hex)) }
        }
    }

    @Test func capabilityInformation() throws {
        let bytes = try octets("67 18 A0 0B 800103 8103107060 820107 810380C000 830102 850100")
        let information = try CardCapabilityInformation(parsing: bytes)
        #expect(information.secureChannels == [.init(identifier: 3, options: [0x10, 0x70, 0x60], keySizes: 7)])
        #expect(information.secureChannels[0].aesKeyBits == [128, 192, 256])
        #expect(information.securityDomainPrivileges == .serviceProviderSecurityDomain && information.loadFileHashAlgorithms == [2])
        #expect(information.other == [TLV(0x85, [0x00])])
        #expect(information.bytes == bytes)
        #expect(throws: FormatError.self) { try CardCapabilityInformation(parsing: octets("6704A002 8100")) }
    }

    @Test func keyInformation() throws {
        let bytes = try octets("E0 12 C004 01 30 8810 C004 02 30 8810 C004 03 31 8820")
        let information = try KeyInformation(parsing: bytes)
        #expect(information.keys.map(\.identifier) == [1, 2, 3] && information.versions == [0x30, 0x31])
        #expect(information.keys[2].components == [.init(type: 0x88, length: 0x20)])
        #expect(information.bytes == bytes)
        #expect(try KeyInformation(parsing: octets("E0 09 C007 01 30 FF 88 0010 00")).keys[0].components.isEmpty)
        for hex in ["E003C10101", "E003C00101", "E005C003013088", "C004 01308810"] { #expect(throws: FormatError.self, "\(hex)") { try KeyInformation(parsing: octets(hex)) } }
    }

    @Test func resources() throws {
        let bytes = try octets("FF21 0F 810105 8204 00012345 8304 00000800")
        let resources = ExtendedCardResources(applications: 5, freeNonVolatileMemory: 0x12345, freeVolatileMemory: 0x800)
        #expect(resources.bytes == bytes)
        #expect(try ExtendedCardResources(parsing: bytes) == resources)
        #expect(try ExtendedCardResources(parsing: octets("FF21 0A 810105 82022000 83010F")).freeVolatileMemory == 15)
        #expect(throws: FormatError.self) { try ExtendedCardResources(parsing: octets("FF2103810105")) }
    }

    @Test func identity() throws {
        #expect(try CardIdentity.sequenceCounter(from: octets("C10300002A")) == 42)
        #expect(try CardIdentity.issuerIdentificationNumber(from: octets("420312 3456")) == [0x12, 0x34, 0x56])
        #expect(try CardIdentity.cardImageNumber(from: octets("4502AABB")) == [0xAA, 0xBB])
        #expect(try CardIdentity.keyDiversificationData(from: octets("CF0101")) == [1])
        #expect(throws: FormatError.self) { try CardIdentity.sequenceCounter(from: octets("C104000000 2A")) }
        #expect(throws: FormatError.self) { try CardIdentity.cardImageNumber(from: octets("4202AABB")) }
    }

    @Test func statusPages() throws {
        let entries = try (1...9).map { RegistryEntry(aid: try AID([0xF0, 0, 0, 0, UInt8($0)]), lifeCycleState: 7, privileges: []) }
        let pages = GetStatusPage.pages(entries.map { $0.encoded() }, maximumLength: 50)
        #expect(pages.count == 5 && pages.allSatisfy { $0.count <= 50 })
        var read: [RegistryEntry] = []
        for (index, page) in pages.enumerated() {
            let last = index == pages.count - 1
            let parsed = try GetStatusPage(parsing: ResponseAPDU(data: page, statusWord: last ? .success : .moreDataAvailable))
            #expect(parsed.hasMore == !last)
            read += parsed.entries
        }
        #expect(read == entries)
        #expect(try GetStatusPage(parsing: ResponseAPDU(statusWord: .referencedDataNotFound)).entries.isEmpty)
        #expect(throws: FormatError.self) { try GetStatusPage(parsing: ResponseAPDU(statusWord: .securityStatusNotSatisfied)) }
    }

    @Test func confirmations() throws {
        #expect(try ManagementConfirmation(parsing: [0x00]) == .none)
        #expect(try ManagementConfirmation(parsing: []) == .none)
        let receipt = ManagementConfirmation(receipt: [1, 2, 3, 4], data: [0x02, 0x00, 0x07, 0x01, 0xAA])
        #expect(receipt.counter == 7)
        #expect(try receipt.bytes == octets("0A 04 01020304 02000701AA"))
        #expect(try ManagementConfirmation(parsing: receipt.bytes) == receipt)
        for hex in ["05", "0102", "020500", "000000"] { #expect(throws: FormatError.self, "\(hex)") { try ManagementConfirmation(parsing: octets(hex)) } }
        for count in [0, 2, 3, 5] { #expect(throws: FormatError.self) { try PutKeyResponse(parsing: Array(repeating: 1, count: count)) } }
    }
}
