import GlobalPlatform
import SecureComponentSimulator
import Testing

@Suite("GET DATA")
struct GetDataTests {
    @Test("the Issuer Security Domain says who the card is")
    func issuer() throws {
        let card = try Cards.make()
        func read(_ command: GetDataCommand) throws -> [UInt8] {
            let response = try card.transmit(command.apdu)
            #expect(response.statusWord == .success)
            return response.data
        }
        #expect(try CardIdentity.issuerIdentificationNumber(from: read(.issuerIdentificationNumber)) == [0x12, 0x34])
        #expect(try CardIdentity.cardImageNumber(from: read(.cardImageNumber)) == [0xCA, 0xFE, 0x00, 0x01])
        #expect(try CardIdentity.keyDiversificationData(from: read(.keyDiversificationData)) == Cards.kdd)
        #expect(try CardIdentity.sequenceCounter(from: read(.sequenceCounter)) == 0)
        #expect(try CardProductionLifeCycle(parsing: read(.cardProductionLifeCycle)).data.count == 42)
        let recognition = try CardRecognitionData(parsing: read(.cardRecognitionData))
        #expect(recognition.cardSpecificationVersion == [2, 3, 1])
        #expect(recognition.secureChannels == [SecureChannelProtocol(identifier: 3, option: 0x70)])
        let capabilities = try CardCapabilityInformation(parsing: read(.cardCapabilityInformation))
        #expect(capabilities.secureChannels.first?.aesKeyBits == [128])
        #expect(capabilities.loadFileHashAlgorithms == [0x02])
        let keys = try KeyInformation(parsing: read(.keyInformation))
        #expect(keys.versions == [0x30])
        #expect(keys.keys.map(\.identifier) == [1, 2, 3])
        let resources = try ExtendedCardResources(parsing: read(.extendedCardResources))
        #expect(resources.applications == 1)
        #expect(resources.freeNonVolatileMemory > 1_000_000)
    }

    @Test("what is not there is 6A88", arguments: [0x0000, 0x0099, 0x9F70, 0xFF40, 0x0043] as [UInt16])
    func missing(_ tag: UInt16) throws {
        #expect(try Cards.make().transmit(GetDataCommand(tag: tag).apdu).statusWord == .referencedDataNotFound)
    }

    @Test("a supplementary domain has its own data and no others'")
    func supplementary() throws {
        let card = try Cards.make()
        let host = try Cards.withDomain(card)
        #expect(try host.status(CommandAPDU(cla: 0x80, ins: 0xE2, p1: 0x90, p2: 0, data: [0x42, 0x01, 0x77, 0x45, 0x01, 0x78])) == .success)
        try host.select(Cards.ssd)
        #expect(try host.plain(GetDataCommand.issuerIdentificationNumber.apdu).data == [0x42, 0x01, 0x77])
        #expect(try host.plain(GetDataCommand.cardImageNumber.apdu).data == [0x45, 0x01, 0x78])
        #expect(try host.plain(GetDataCommand.cardProductionLifeCycle.apdu).statusWord == .referencedDataNotFound)
        #expect(try host.plain(GetDataCommand.cardCapabilityInformation.apdu).statusWord == .referencedDataNotFound)
        #expect(try KeyInformation(parsing: host.plain(GetDataCommand.keyInformation.apdu).data).versions == [0x30])
        #expect(try CardIdentity.sequenceCounter(from: host.plain(GetDataCommand.sequenceCounter.apdu).data) == 1)
    }

    @Test("a domain without keys has no key information and counts with its parent's")
    func withoutKeys() throws {
        let card = try Cards.make()
        #expect(try Cards.createDomain(Cards.issuer(card)) == .success)
        let host = Host(card)
        try host.select(Cards.ssd)
        #expect(try host.plain(GetDataCommand.keyInformation.apdu).statusWord == .referencedDataNotFound)
        #expect(try CardIdentity.sequenceCounter(from: host.plain(GetDataCommand.sequenceCounter.apdu).data) == 1)
    }
}
