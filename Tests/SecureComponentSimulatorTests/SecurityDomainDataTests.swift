import Cryptography
import GlobalPlatform
import SecureComponentSimulator
import Testing

@Suite("Data of security domains")
struct SecurityDomainDataTests {
    private func store(_ host: Host, _ objects: [(UInt16, [UInt8])], dgi: Bool = false) throws -> StatusWord {
        let data: [UInt8] = dgi
            ? try objects.flatMap { try DGI($0.0, $0.1).encoded() } : objects.map { TLV(TLVTag(rawValue: UInt32($0.0)), $0.1) }.bytes
        return try host.status(StoreDataCommand(structure: dgi ? .dgi : .berTLV, data: data).apdu)
    }

    @Test("what the issuer stores, GET DATA answers, in the clear and in a session", arguments: [false, true])
    func issuer(dgi: Bool) throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        let personalization: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8], equipment: [UInt8] = [9, 10, 11, 12, 13, 14, 15, 16]
        let kdd = [UInt8](repeating: 0xDD, count: 10)
        #expect(try store(host, [(0x0042, [0x77, 0x78]), (0x0045, [0x79]), (0x00CF, kdd), (0x9F66, personalization), (0x9F67, equipment), (0x5F50, Array("https://sd".utf8))], dgi: dgi) == .success)
        #expect(try host.send(GetDataCommand.issuerIdentificationNumber.apdu).data == [0x42, 0x02, 0x77, 0x78])
        card.reset()
        #expect(try card.transmit(GetDataCommand.cardImageNumber.apdu).data == [0x45, 0x01, 0x79])
        #expect(try CardIdentity.keyDiversificationData(from: card.transmit(GetDataCommand.keyDiversificationData.apdu).data) == kdd)
        #expect(try card.transmit(GetDataCommand(tag: 0x5F50).apdu).data == [0x5F, 0x50, 10] + Array("https://sd".utf8))
        let cycle = try CardProductionLifeCycle(parsing: card.transmit(GetDataCommand.cardProductionLifeCycle.apdu).data)
        #expect(cycle[.icPersonalizer] + cycle[.icPersonalizationDate] + cycle[.icPersonalizationEquipment] == personalization)
        #expect(cycle[.icPrePersonalizer] + cycle[.icPrePersonalizationDate] + cycle[.icPrePersonalizationEquipment] == equipment)
        // The new data is in what INITIALIZE UPDATE answers.
        let update = try card.transmit(SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8]))
        #expect(try InitializeUpdateResponse(update).keyDiversificationData == kdd)
    }

    @Test("the Issuer Security Domain gets another AID, everywhere, and sessions derive from it")
    func rename() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        #expect(try Cards.createDomain(host) == .success)
        let before = card.image
        #expect(try store(host, [(0x004F, Cards.ssd.bytes)]) == .incorrectData)
        #expect(try store(host, [(0x004F, [1, 2, 3])]) == .incorrectData)
        #expect(card.image == before)
        let new = Cards.aid("f054534d53a5")
        #expect(try store(host, [(0x004F, new.bytes)]) == .success)
        #expect(try host.registry(.issuerSecurityDomain).map(\.aid) == [new])
        #expect(card.entry(Cards.ssd)?.securityDomain == new)
        #expect(try host.select(Cards.isd).statusWord == .applicationNotFound)
        card.reset()
        let again = Host(card)
        #expect(try again.select(new).statusWord == .success)
        #expect(try again.open(Cards.isdKeys(), version: 0x30) == .success)
        #expect(try again.status(DeleteCommand.object(Cards.ssd).apdu) == .success)
        #expect(card.image.inconsistency == nil)
    }

    @Test("what a domain does not keep is 6A88, what has another length 6A80, and of several objects all or none are stored")
    func refused() throws {
        let card = try Cards.make()
        let issuer = try Cards.issuer(card)
        let before = card.image
        #expect(try store(issuer, [(0x0042, [1]), (0x0099, [1])]) == .referencedDataNotFound)
        #expect(try store(issuer, [(0x0042, [])]) == .incorrectData)
        #expect(try store(issuer, [(0x0045, [UInt8](repeating: 1, count: 33))]) == .incorrectData)
        #expect(try store(issuer, [(0x00CF, [1])]) == .incorrectData)
        #expect(try store(issuer, [(0x9F66, [1, 2, 3, 4, 5, 6, 7])]) == .incorrectData)
        #expect(try store(issuer, [(0x9F7F, [UInt8](repeating: 0, count: 42))]) == .referencedDataNotFound)
        #expect(try issuer.status(StoreDataCommand(structure: .berTLV, encryption: .encrypted, data: [0x42, 0x01, 0x01]).apdu) == .incorrectData)
        #expect(try issuer.status(StoreDataCommand(structure: .berTLV, data: [0x42, 0x05, 0x01]).apdu) == .incorrectData)
        #expect(try issuer.status(StoreDataCommand(structure: .dgi, data: [0x00, 0x42, 0x05, 0x01]).apdu) == .incorrectData)
        #expect(card.image == before)
        // The card's own data is the issuer's alone.
        let host = try Cards.withDomain(card)
        for (tag, length) in [(0x004F, 7), (0x00CF, 10), (0x9F66, 8), (0x9F67, 8)] as [(UInt16, Int)] {
            #expect(try store(host, [(tag, [UInt8](repeating: 1, count: length))]) == .referencedDataNotFound)
        }
        #expect(try store(host, [(0x5F50, [0x61])]) == .success)
    }

    @Test("keys with a purpose of their own: put, replaced by their like, listed, deleted; no session opens with them")
    func managementKeys() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        let rsa = try Signer(.rsa1024), curve = try Signer(.p256)
        #expect(try host.send(rsa.putKey(version: 0x70, under: Cards.isdKeys())).data == [0x70])
        #expect(try host.status(curve.putKey(version: 0x73, under: Cards.isdKeys())) == .success)
        #expect(try host.status(Cards.putSecret(Cards.receiptKey, version: 0x71, under: Cards.isdKeys())) == .success)
        let information = try KeyInformation(parsing: host.send(GetDataCommand.keyInformation.apdu).data)
        func components(_ version: UInt8) -> [[UInt8]] { information.keys.filter { $0.version == version }.flatMap { $0.components.map { [$0.type, $0.length] } } }
        #expect(components(0x70) == [[0xA1, 128], [0xA0, 3]])
        #expect(components(0x73) == [[0xB0, 65], [0xF0, 1]])
        #expect(components(0x71) == [[0x88, 16]])
        let before = card.image
        #expect(try host.status(curve.putKey(version: 0x73, under: Cards.isdKeys())) == .incorrectData)
        #expect(try host.status(curve.putKey(version: 0x70, replacing: 0x70, under: Cards.isdKeys())) == .incorrectData)
        #expect(try host.status(Cards.putSecret(Cards.receiptKey, version: 0x70, replacing: 0x70, under: Cards.isdKeys())) == .incorrectData)
        for kind in [Signer.Kind.p384, .brainpoolP256] {
            #expect(try host.status(Signer(kind).putKey(version: 0x73, replacing: 0x73, under: Cards.isdKeys())) == .incorrectData)
        }
        #expect(try host.status(rsa.putKey(version: 0x70, replacing: 0x74, under: Cards.isdKeys())) == .referencedDataNotFound)
        #expect(card.image == before)
        #expect(try host.status(Signer(.p256).putKey(version: 0x73, replacing: 0x73, under: Cards.isdKeys())) == .success)
        #expect(card.image != before)
        #expect(try host.open(Cards.isdKeys(), version: 0x71) == .referencedDataNotFound)
        let again = try Cards.issuer(card)
        #expect(try again.status(DeleteCommand.key(identifier: 1, version: 0x70).apdu) == .success)
        #expect(try again.status(DeleteCommand.key(identifier: nil, version: 0x73).apdu) == .success)
        #expect(try again.status(DeleteCommand.key(identifier: nil, version: 0x71).apdu) == .success)
        #expect(try again.status(DeleteCommand.key(identifier: nil, version: 0x71).apdu) == .referencedDataNotFound)
    }

    @Test("public keys that are none", arguments: [
        "70A1010100", "70A10100A0010100", "70B041" + String(repeating: "04", count: 65) + "F0010000", "70B00104F0010900", "70F00100B0010400",
        "00A1010300A0010300", "70A18180" + String(repeating: "02", count: 128) + "A00301000100",
    ])
    func malformedKeys(_ hex: String) throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        let before = card.image
        #expect(try host.status(CommandAPDU(cla: 0x80, ins: 0xD8, p1: 0, p2: 1, data: Hex.decode(hex), expectedLength: 256)) == .incorrectData)
        #expect(card.image == before)
    }

    @Test("keys of every AES length, several at once, with and without check value, with and without inner length", arguments: [16, 24, 32])
    func aesLengths(_ length: Int) throws {
        var profile = CardProfile.eSE
        profile.keyLength = length
        let card = try Cards.make(profile)
        let host = try Cards.issuer(card)
        let keys = try Cards.keys(0x33, length: length), session = try Cards.isdKeys(profile)
        var command = try Cards.putKey(keys, version: 0x31, under: session)
        #expect(try host.send(command).data == [0x31] + keys.keyCheckValues().flatMap { $0 })
        #expect(try host.open(keys, version: 0x31) == .success)
        var bare = try Cards.components(Cards.keys(0x44, length: length), under: keys)
        for index in bare.indices { bare[index].checkValue = [] }
        #expect(try host.status(PutKeyCommand(replacing: 0x31, newVersion: 0x32, components: bare).apdu()) == .success)
        #expect(try host.open(Cards.keys(0x44, length: length), version: 0x32) == .success)
        guard length != 24 else { return }
        // As the base specification has it: no length of the key itself.
        command.data = [0x33]
        for (key, value) in try zip(keys.all, keys.keyCheckValues()) {
            let encrypted = try Cards.keys(0x44, length: length).encryptKeyData(key)
            command.data += [KeyType.aes, UInt8(encrypted.count)] + encrypted + [0x03] + value
        }
        #expect(try host.status(command) == .success)
        #expect(try host.open(keys, version: 0x33) == .success)
    }
}
