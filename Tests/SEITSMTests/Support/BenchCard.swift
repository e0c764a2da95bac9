import Cryptography
import GlobalPlatform
import KeyVaultAPI
import SEIAPI
import SecureComponentSimulator
import Testing
@testable import SEITSMService

/// A simulated card of the issuer and what its inventory says of it.
struct BenchCard {
    static let issuerIdentificationNumber: [UInt8] = [0x42, 0x00, 0x17]
    let card: SimulatedCard
    let entry: InventoryEntry
    var id: String { Component.id(issuerIdentificationNumber: entry.issuerIdentificationNumber, cardImageNumber: entry.cardImageNumber) }
    var claim: SEI.ComponentClaim {
        SEI.ComponentClaim(issuerIdentificationNumber: entry.issuerIdentificationNumber, cardImageNumber: entry.cardImageNumber)
    }

    init(number: UInt8 = 1, profile: CardProfile = .eSE, master given: [UInt8]? = nil) throws {
        let diversification: [UInt8] = [0, 1, 2, 3, 4, 5, 6, 7, 8, number]
        let image: [UInt8] = [0x99, 0x00, number]
        let master = given ?? IssuerBench.master(profile.keyLength)
        let keys = try GlobalPlatform.DiversificationScheme.kdf3.keys(master: SecretBytes(copying: master), keyDiversificationData: diversification)
        card = try SimulatedCard.personalized(profile: profile, isdKeys: keys, issuerIdentificationNumber: Self.issuerIdentificationNumber,
                                              cardImageNumber: image, keyDiversificationData: diversification)
        entry = InventoryEntry(
            issuerIdentificationNumber: HexBytes(Self.issuerIdentificationNumber), cardImageNumber: HexBytes(image), profileId: IssuerBench.profile,
            keyVersionNumber: 0x30, scpParameter: profile.scp03Options[0], keyLength: profile.keyLength, keyDiversificationData: HexBytes(diversification),
            masterKeyIndex: IssuerBench.masterKey(profile.keyLength), firstKeys: SEI.FirstKeys(rawValue: profile.firstKeys.rawValue),
            accessRuleApplication: profile.hasAccessRuleApplication ? .accessRuleApplicationMaster : nil)
    }

    /// As an agent does: in order, up to the first status word that does not allow to go on.
    func run(_ commands: [HexBytes]) throws -> [HexBytes] {
        var responses: [HexBytes] = []
        for command in commands {
            let response = try card.transmit(command.bytes)
            responses.append(HexBytes(response))
            guard try ResponseAPDU(bytes: response).statusWord.allowsContinuation else { break }
        }
        return responses
    }

    /// The ISD's counter as anyone can read it.
    func counter() throws -> HexBytes {
        _ = try card.transmit(SelectCommand(aid: .issuerSecurityDomain).apdu)
        let answer = try card.transmit(GetDataCommand.sequenceCounter.apdu)
        return HexBytes(try #require(SequenceCounter(try CardIdentity.sequenceCounter(from: answer.data))).bytes)
    }

    func entry(_ aid: AID) -> RegistryEntry? { card.image.registry.first { $0.aid == aid } }
}

extension IssuerBench {
    /// A card that is in the inventory.
    func addCard(number: UInt8 = 1, profile: CardProfile = .eSE) async throws -> BenchCard {
        let card = try BenchCard(number: number, profile: profile)
        _ = try await engine.addComponents([card.entry])
        return card
    }

    /// A card that has proven itself to the SP TSM.
    func provenCard(number: UInt8 = 1, profile: CardProfile = .eSE, to spTsm: String = spTsm) async throws -> BenchCard {
        let card = try await addCard(number: number, profile: profile)
        _ = try await prove(card, to: spTsm)
        return card
    }

    func prove(_ card: BenchCard, to spTsm: String = spTsm) async throws -> SEI.EligibilityVerdict {
        let desk = engine.as(spTsm)
        let challenge = try await desk.beginEligibility(SEI.EligibilityRequest(claim: card.claim))
        return try await desk.submitEvidence(challenge.eligibilityId, SEI.Evidence(responses: card.run(challenge.commands)))
    }

    func request(_ card: BenchCard, _ sessions: [[SEI.Operation]], predicted: Bool = true) throws -> SEI.DialogRequest {
        SEI.DialogRequest(secureComponentId: card.id, process: "process-1", sequenceCounter: predicted ? try card.counter() : nil, sessions: sessions)
    }

    func open(_ card: BenchCard, _ sessions: [[SEI.Operation]], predicted: Bool = true, key: String = "key-1") async throws -> SEI.Dialog {
        try await desk.openDialog(try request(card, sessions, predicted: predicted), idempotencyKey: key)
    }

    /// What an SP TSM does: relays the commands of the first ready session until the dialog is over.
    /// - Returns: the dialog's end, and how often results were submitted.
    @discardableResult
    func relay(_ dialog: SEI.Dialog, on card: BenchCard, limit: Int = 16) async throws -> (dialog: SEI.Dialog, submissions: Int) {
        var dialog = dialog
        var submissions = 0
        while dialog.status == .open, let next = dialog.sessions.firstIndex(where: { $0.status == .ready }), submissions < limit {
            let responses = try card.run(dialog.sessions[next].commands)
            dialog = try await desk.submitResults(dialog.dialogId, SEI.SessionResults(session: next, responses: responses))
            submissions += 1
        }
        return (dialog, submissions)
    }
}

/// The SP TSM's domain in these tests.
enum Domain {
    static let hex = "f054534d5301"
    static func creation(deviceAppIds: [HexBytes] = [], keyVersionNumber: UInt8 = 0x30) throws -> SEI.Operation {
        .createSecurityDomain(aid: try aid(hex), quotas: SEI.Quotas(nonVolatile: 40_000, volatile: nil), transportKeyIndex: IssuerBench.transportKey,
                              keyVersionNumber: keyVersionNumber, deviceAppIds: deviceAppIds)
    }
    static let app = [UInt8](repeating: 0xAB, count: 32)
}
