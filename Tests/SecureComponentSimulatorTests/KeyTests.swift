import GlobalPlatform
import SecureComponentSimulator
import Testing

@Suite("Keys")
struct KeyTests {
    @Test("PUT KEY adds a key set, whose counter begins at 0, and answers its check values")
    func add() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        let new = try Cards.keys(0x33)
        let response = try host.send(Cards.putKey(new, version: 0x31, under: Cards.isdKeys()))
        #expect(try PutKeyResponse(parsing: response.data) == PutKeyResponse(version: 0x31, checkValues: new.keyCheckValues()))
        #expect(card.image.keySets(of: Cards.isd).map(\.version) == [0x30, 0x31])
        #expect(card.image.keySets(of: Cards.isd).map(\.sequenceCounter) == [1, 0])
        #expect(try host.send(Cards.putKey(new, version: 0x31, under: Cards.isdKeys())).statusWord == .incorrectData)
        #expect(try host.open(new, version: 0x31) == .success)
        #expect(card.image.keySets(of: Cards.isd).map(\.sequenceCounter) == [1, 1])
    }

    @Test("PUT KEY replaces a key set as a whole: new version, new counter, old keys gone")
    func replace() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        #expect(try host.open(Cards.isdKeys(), version: 0x30) == .success)
        let new = try Cards.keys(0x33)
        #expect(try host.status(Cards.putKey(new, version: 0x31, replacing: 0x30, under: Cards.isdKeys())) == .success)
        #expect(card.image.keySets(of: Cards.isd).map(\.version) == [0x31])
        #expect(card.image.keySets(of: Cards.isd).map(\.sequenceCounter) == [0])
        // The session lives on with the keys it was made from.
        #expect(try host.status(GetStatusCommand(scope: .issuerSecurityDomain).apdu) == .success)
        #expect(try host.open(Cards.isdKeys(), version: 0x30) == .referencedDataNotFound)
        #expect(try host.open(new, version: 0x31) == .success)
        #expect(try host.status(Cards.putKey(Cards.keys(0x44), version: 0x31, replacing: 0x31, under: new)) == .success)
        #expect(card.image.keySets(of: Cards.isd).map(\.sequenceCounter) == [0])
    }

    @Test("what PUT KEY refuses, changing nothing")
    func refused() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        let new = try Cards.keys(0x33)
        let before = card.image
        #expect(try host.status(Cards.putKey(new, version: 0x31, replacing: 0x35, under: Cards.isdKeys())) == .referencedDataNotFound)
        #expect(try host.status(Cards.putKey(new, version: 0x31, under: new)) == .securityStatusNotSatisfied)
        var components = try Cards.components(new, under: Cards.isdKeys())
        components[2].checkValue[0] ^= 1
        #expect(try host.status(PutKeyCommand(newVersion: 0x31, components: components).apdu()) == .securityStatusNotSatisfied)
        #expect(try host.status(Cards.putKey(Cards.keys(0x33, length: 32), version: 0x31, under: Cards.isdKeys())) == .incorrectData)
        var command = try Cards.putKey(new, version: 0x31, under: Cards.isdKeys())
        command.p2 = 0x01
        #expect(try host.status(command) == .incorrectData)
        command.p2 = 0x81
        command.data[0] = 0x00
        #expect(try host.status(command) == .incorrectData)
        command.data = [0x31, 0x80, 0x10]
        #expect(try host.status(command) == .incorrectData)
        components = try Cards.components(new, under: Cards.isdKeys())
        #expect(try host.status(PutKeyCommand(replacing: 0x30, newVersion: 0x31, components: Array(components.prefix(2))).apdu()) == .incorrectData)
        #expect(card.image == before)
    }

    @Test("a set may be built key by key; before it is complete no session opens with it")
    func byParts() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        let new = try Cards.keys(0x33)
        let components = try Cards.components(new, under: Cards.isdKeys())
        for (index, component) in components.enumerated() {
            let update = SCP03HostSession.initializeUpdate(kvn: 0x31, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8])
            #expect(try host.plain(update).statusWord == .referencedDataNotFound)
            let command = try PutKeyCommand(newVersion: 0x31, firstIdentifier: UInt8(index + 1), components: [component]).apdu()
            #expect(try host.open(Cards.isdKeys(), version: 0x30) == .success)
            #expect(try host.status(command) == .success)
        }
        #expect(try host.open(new, version: 0x31) == .success)
    }

    @Test("keys are deleted by version, by identifier; the issuer keeps one set")
    func delete() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        #expect(try host.status(Cards.putKey(Cards.keys(0x33), version: 0x31, under: Cards.isdKeys())) == .success)
        #expect(try host.status(DeleteCommand.key(identifier: nil, version: 0x35).apdu) == .referencedDataNotFound)
        #expect(try host.status(DeleteCommand.key(identifier: 1, version: nil).apdu) == .conditionsNotSatisfied)
        #expect(try host.status(DeleteCommand.key(identifier: nil, version: 0x31).apdu) == .success)
        #expect(card.image.keySets(of: Cards.isd).map(\.version) == [0x30])
        #expect(try host.status(DeleteCommand.key(identifier: nil, version: 0x30).apdu) == .conditionsNotSatisfied)
        let domain = try Cards.withDomain(Cards.make())
        #expect(try domain.status(DeleteCommand.key(identifier: nil, version: 0x30).apdu) == .success)
        #expect(domain.card.image.keySets(of: Cards.ssd).isEmpty)
    }

    @Test("a domain takes a limited number of key sets")
    func limit() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        for version in 0x31...0x37 as ClosedRange<UInt8> {
            #expect(try host.status(Cards.putKey(Cards.keys(version), version: version, under: Cards.isdKeys())) == .success)
        }
        #expect(try host.status(Cards.putKey(Cards.keys(0x38), version: 0x38, under: Cards.isdKeys())) == .notEnoughMemory)
    }

    @Test("first keys by STORE DATA: all or none, once, the domain becomes PERSONALIZED")
    func firstKeys() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        #expect(try Cards.createDomain(host) == .success)
        // Wrong data encryption key: the check values do not fit.
        #expect(try host.status(.personalization(Cards.ssd)) == .success)
        let wrong = try Cards.firstKeys(Cards.keys(0x22), version: 0x30, under: Cards.keys(0x99)).commands(maximumPayload: host.maximumPayload)
        #expect(wrong.count == 1)
        #expect(try host.status(wrong[0].apdu) == .securityStatusNotSatisfied)
        #expect(card.image.keySets(of: Cards.ssd).isEmpty)
        // In several blocks.
        #expect(try host.status(.personalization(Cards.ssd)) == .success)
        let blocks = try Cards.firstKeys(Cards.keys(0x22), version: 0x30, under: Cards.isdKeys()).commands(maximumPayload: 60)
        #expect(blocks.count > 2)
        for block in blocks.dropLast() {
            #expect(try host.status(block.apdu) == .success)
            #expect(card.image.keySets(of: Cards.ssd).isEmpty)
        }
        #expect(try host.status(try #require(blocks.last).apdu) == .success)
        #expect(card.image.keySets(of: Cards.ssd).map(\.version) == [0x30])
        #expect(card.image.registry.first { $0.aid == Cards.ssd }?.securityDomainState == .personalized)
        // A parent plants no second set.
        #expect(try Cards.storeFirstKeys(host, Cards.keys(0x77), version: 0x31) == .conditionsNotSatisfied)
        #expect(try Cards.storeFirstKeys(host, Cards.keys(0x77), version: 0x30) == .conditionsNotSatisfied)
        let domain = Host(card)
        try domain.select(Cards.ssd)
        #expect(throws: SCP03Error.cardCryptogramMismatch) { try domain.open(Cards.isdKeys(), version: 0x30) }
        #expect(try domain.open(Cards.keys(0x22), version: 0x30) == .success)
    }

    @Test("a domain without keys opens with its parent's keys, counted there, and gets its own by PUT KEY")
    func inherited() throws {
        let card = try Cards.make()
        let issuer = try Cards.issuer(card)
        #expect(try Cards.createDomain(issuer) == .success)
        let host = Host(card)
        try host.select(Cards.ssd)
        #expect(try host.open(Cards.isdKeys(), version: 0x30) == .success)
        #expect(card.image.keySets(of: Cards.isd).map(\.sequenceCounter) == [2])
        #expect(try host.status(Cards.putKey(Cards.keys(0x22), version: 0x30, under: Cards.isdKeys())) == .success)
        #expect(card.image.keySets(of: Cards.ssd).map(\.sequenceCounter) == [0])
        #expect(try host.open(Cards.keys(0x22), version: 0x30) == .success)
        #expect(card.image.keySets(of: Cards.isd).map(\.sequenceCounter) == [2])
    }
}
