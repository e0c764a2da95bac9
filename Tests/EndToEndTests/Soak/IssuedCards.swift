import Cryptography
import Foundation
import GlobalPlatform
import SecureComponentSimulator
import Testing

/// More cards of the testbed's issuer than its handsets have, each in a file, and in the issuer's inventory.
struct IssuedCards {
    private struct Entry: Encodable {
        var issuerIdentificationNumber, cardImageNumber: HexBytes
        var profileId: String
        var keyVersionNumber: UInt8 = 0x30
        var scpParameter: UInt8
        var keyLength: Int
        var keyDiversificationData: HexBytes
        var masterKeyIndex: String
        var scheme = "kdf3"
        var accessRuleApplication: AID
    }

    struct Card: Sendable {
        var card: SimulatedCard
        var path: String
        /// The issuer's name for it.
        var id: String
    }

    let testbed: RunningTestbed

    /// - Parameter batch: told apart from other batches on the same testbed.
    func make(_ count: Int, batch: UInt8, in directory: String) async throws -> [Card] {
        let profile = CardProfile.eSE
        let key = try #require(testbed.revealedKeys.first { $0.value.count == 2 * profile.keyLength }, "the testbed does not reveal its issuer's master key")
        let master = SecretBytes(copying: try Hex.decode(key.value))
        let known = try #require(testbed.file.handsets.first?.secureComponents.first)
        // The testbed's cards have a 6-byte card image number behind the issuer's number.
        let issuerNumber = Array(try Hex.decode(known.id).dropLast(6))
        var cards: [Card] = []
        var entries: [Entry] = []
        for number in 0..<count {
            let place = [batch, UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF)]
            let (diversification, image) = ([0x50, 0x41, 0x4B, 0, 0, 0, 0] + place, [0xFA, 0, 0] + place)
            let path = "\(directory)/\(batch)-\(number).card.json"
            cards.append(Card(card: try SimulatedCard.personalized(
                profile: profile, isdKeys: GlobalPlatform.DiversificationScheme.kdf3.keys(master: master, keyDiversificationData: diversification),
                issuerIdentificationNumber: issuerNumber, cardImageNumber: image, keyDiversificationData: diversification, file: CardFile(path: path)),
                path: path, id: Hex.encode(issuerNumber + image)))
            entries.append(Entry(
                issuerIdentificationNumber: HexBytes(issuerNumber), cardImageNumber: HexBytes(image), profileId: known.profileId, scpParameter: profile.scp03Parameter.rawValue,
                keyLength: profile.keyLength, keyDiversificationData: HexBytes(diversification), masterKeyIndex: key.key, accessRuleApplication: .accessRuleApplicationMaster))
        }
        let answer = try await issuer("/inventory", body: [UInt8](JSONEncoder().encode(entries)))
        try #require(answer.status == 200 || answer.status == 201, "the issuer's inventory: \(answer)")
        return cards
    }

    /// The issuer's operator has found out why sessions brought nothing back.
    func release(_ card: String) async throws {
        let answer = try await issuer("/inventory/\(card)/unblock", body: [])
        try #require(answer.status == 200, "\(answer)")
    }

    private func issuer(_ path: String, body: [UInt8]) async throws -> DirectPeer.Outcome {
        let (issuer, process) = (try #require(testbed.file.issuers.first), try testbed.process("issuer-1-sei-tsm"))
        let url = try #require(URL(string: issuer.seiURL + path))
        return try await DirectPeer(certificate: issuer.operatorCertificate, key: issuer.operatorKey)
            .request(.post, port: try #require(url.port), url.path(), ca: issuer.ca, server: .spiffe(process.identity), headers: [.contentType: "application/json"], body: body)
    }
}
