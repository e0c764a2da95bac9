import Cryptography
import Foundation
import GlobalPlatform
import HTTP2
import KeyVaultAPI
import Logging
import SecureComponentSimulator
import ServiceKit

/// A batch of simulated cards, in memory, whose keys derive from a master key of their own: the issuer's operator brings that into the
/// issuer's vault and the cards into its inventory, through the real interfaces.
struct IssuedCards: Sendable {
    private struct Entry: Encodable, Sendable {
        var issuerIdentificationNumber: HexBytes
        var cardImageNumber: HexBytes
        var profileId: String
        var keyVersionNumber: UInt8
        var scpParameter: UInt8
        var keyLength: Int
        var keyDiversificationData: HexBytes
        var masterKeyIndex: String
        var scheme = "kdf3"
        var accessRuleApplication: AID
    }

    private struct Added: Decodable { var added: Int }

    /// Entries of one request.
    private static let batch = 100

    static func issue(_ count: Int, in testbed: TestbedFile) async throws -> [SimulatedCard] {
        guard let issuer = testbed.issuers.first, let profileId = testbed.secureComponentProfiles.first?.id,
              let known = testbed.handsets.first?.secureComponents.first?.id else { throw BenchFailure("the testbed has no issuer, profile or card") }
        // The testbed's cards have a 6-byte card image number behind the issuer's number.
        let issuerNumber = Array(try Hex.decode(known).dropLast(6))
        let profile = CardProfile.eSE
        let index = "bench-" + UUID().uuidString.lowercased()
        let master = try await bringMasterKey(index, profile.keyLength, issuer, testbed)
        var cards: [SimulatedCard] = []
        var entries: [Entry] = []
        for number in 0..<count {
            let diversification = try SystemRandom().bytes(10)
            let image: [UInt8] = try [0xBE] + SystemRandom().bytes(2) + [UInt8(number >> 16 & 0xFF), UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF)]
            cards.append(try SimulatedCard.personalized(
                profile: profile, isdKeys: GlobalPlatform.DiversificationScheme.kdf3.keys(master: master, keyDiversificationData: diversification), keyVersionNumber: 0x30,
                issuerIdentificationNumber: issuerNumber, cardImageNumber: image, keyDiversificationData: diversification))
            entries.append(Entry(
                issuerIdentificationNumber: HexBytes(issuerNumber), cardImageNumber: HexBytes(image), profileId: profileId, keyVersionNumber: 0x30,
                scpParameter: profile.scp03Parameter.rawValue, keyLength: profile.keyLength, keyDiversificationData: HexBytes(diversification), masterKeyIndex: index,
                accessRuleApplication: .accessRuleApplicationMaster))
        }
        try await addToInventory(entries, issuer, testbed)
        return cards
    }

    private static func addToInventory(_ entries: [Entry], _ issuer: TestbedFile.Issuer, _ testbed: TestbedFile) async throws {
        let identity = try testbed.process("\(issuer.name)-sei-tsm").identity
        try await call(issuer, url: issuer.seiURL, identity: identity) { client in
            for start in stride(from: 0, to: entries.count, by: batch) {
                let part = Array(entries[start..<min(start + batch, entries.count)])
                let answer = try await client.call(.post, "/inventory", body: part, as: Added.self)
                guard answer.added == part.count else { throw BenchFailure("the issuer took \(answer.added) of \(part.count) cards into its inventory") }
            }
        }
    }

    private static func bringMasterKey(_ index: String, _ length: Int, _ issuer: TestbedFile.Issuer, _ testbed: TestbedFile) async throws -> SecretBytes {
        let (first, second) = (try SystemRandom.forKeys.bytes(length), try SystemRandom.forKeys.bytes(length))
        let master = SecretBytes(consuming: zip(first, second).map { $0 ^ $1 })
        let vault = try testbed.process("\(issuer.name)-key-vault")
        let check = HexBytes(try aesKeyCheckValue(master))
        let url = "https://127.0.0.1:\(try testbed.port(of: "vault", in: vault))\(KeyVaultPaths.base)"
        try await call(issuer, url: url, identity: vault.identity) { client in
            _ = try await KeyVaultClient(client).importNamedKey(ImportNamedKeyRequest(
                index: index, kind: .master, owner: issuer.id, components: [HexBytes(first), HexBytes(second)], keyCheckValue: check))
        }
        return master
    }

    /// As the issuer's operator.
    private static func call(_ issuer: TestbedFile.Issuer, url text: String, identity: String, _ work: (JSONClient) async throws -> Void) async throws {
        guard let url = URL(string: text) else { throw BenchFailure("'\(text)' is no URL") }
        let credentials = try TLSCredentials(files: TLSFiles(certificateChain: issuer.operatorCertificate, privateKey: issuer.operatorKey, trustAnchors: issuer.ca))
        let http = HTTPClient(origin: url, credentials: credentials, expectation: .spiffe(identity), logger: Logger(label: "operator"))
        do {
            try await work(JSONClient(sender: http, url: url, timeout: .seconds(20), environment: .system))
            await http.shutdown()
        } catch {
            await http.shutdown()
            throw error
        }
    }
}
