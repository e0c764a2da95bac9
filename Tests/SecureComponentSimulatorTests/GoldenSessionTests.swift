import Cryptography
import GlobalPlatform
import SecureComponentSimulator
import TestMaterial
import Testing

/// Sessions whose every byte was computed elsewhere: the card must answer exactly so.
@Suite("Golden sessions")
struct GoldenSessionTests {
    struct Golden: Decodable, Sendable {
        struct Exchange: Decodable, Sendable {
            let name: String
            let wrapped: String
            let response_wrapped: String
        }
        let name: String
        let key_enc: String
        let key_mac: String
        let key_dek: String
        let select: String
        let initialize_update: String
        let initialize_update_response: String
        let external_authenticate: String
        let exchanges: [Exchange]

        func keys() throws -> SCP03StaticKeys {
            try SCP03StaticKeys(
                enc: SecretBytes(copying: Hex.decode(key_enc)), mac: SecretBytes(copying: Hex.decode(key_mac)), dek: SecretBytes(copying: Hex.decode(key_dek)))
        }
    }

    @Test("ISD creates an SSD, the SSD gets keys under the ISD's, a session with them opens", .enabled(if: ReferenceData.isPresent),
          arguments: [("aes128_s8", 16), ("aes256_s8", 32)])
    func replay(_ family: String, _ keyLength: Int) throws {
        let all: [Golden] = try ReferenceData.vectors("golden_sessions")
        func golden(_ name: String) throws -> Golden { try #require(all.first { $0.name == "\(name)_\(family)" }) }
        let create = try golden("isd_create_ssd")
        let card = try card(create, keyLength: keyLength, option: 0x70)
        try replay(create, on: card, exchanges: create.exchanges.count)
        let put = try golden("ssd_put_first_keyset")
        try replay(put, on: card, exchanges: put.exchanges.count)
        #expect(card.image.keySets(of: Cards.aid("d27600016554534401")).map(\.version) == [0x31])
        // The load file of the third session is no CAP file: up to its last block the card takes it.
        let content = try golden("ssd_content_mgmt")
        try replay(content, on: card, exchanges: 2)
        let last = try card.transmit(Hex.decode(content.exchanges[2].wrapped))
        #expect(last == [0x6A, 0x80])
    }

    /// The recorded domain asks for i=70 on a card with i=71, which this card refuses: only the session itself is compared.
    @Test("S16: challenges, cryptograms and MACs of 16 bytes", .enabled(if: ReferenceData.isPresent))
    func sixteenBytes() throws {
        let all: [Golden] = try ReferenceData.vectors("golden_sessions")
        let create = try #require(all.first { $0.name == "isd_create_ssd_aes128_s16" })
        let card = try card(create, keyLength: 16, option: 0x71)
        try replay(create, on: card, exchanges: 0)
        #expect(try card.transmit(Hex.decode(create.exchanges[0].wrapped)) == [0x6A, 0x80])
    }

    private func card(_ golden: Golden, keyLength: Int, option: UInt8) throws -> SimulatedCard {
        var profile = CardProfile.eSE
        profile.keyLength = keyLength
        profile.scp03Options = [option]
        return try SimulatedCard.personalized(
            profile: profile, isdKeys: golden.keys(), issuerIdentificationNumber: [1], cardImageNumber: [2],
            keyDiversificationData: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], random: SeededRandom(seed: 1))
    }

    private func replay(_ golden: Golden, on card: SimulatedCard, exchanges: Int) throws {
        let selected = try card.transmit(Hex.decode(golden.select))
        #expect(selected.suffix(2) == [0x90, 0x00], "\(golden.name)")
        #expect(Hex.encode(try card.transmit(Hex.decode(golden.initialize_update))) == golden.initialize_update_response, "\(golden.name)")
        #expect(try card.transmit(Hex.decode(golden.external_authenticate)) == [0x90, 0x00], "\(golden.name)")
        for exchange in golden.exchanges.prefix(exchanges) {
            #expect(Hex.encode(try card.transmit(Hex.decode(exchange.wrapped))) == exchange.response_wrapped, "\(golden.name): \(exchange.name)")
        }
    }
}
