import Cryptography
import GlobalPlatform
import SecureComponent
import SecureComponentSimulator

/// What a card says of itself, and the proof that it holds the keys that it is registered with.
struct CardEvidence: Sendable {
    enum Source: Sendable {
        /// A PC/SC reader by its whole name.
        case reader(String)
        /// A simulated card.
        case file(String)
    }

    var issuerSecurityDomain: AID
    var issuerIdentificationNumber: [UInt8]
    var cardImageNumber: [UInt8]
    var initializeUpdate: InitializeUpdateResponse
    /// Bytes of the keys; as the card describes them, or as they are.
    var keyLength: Int
    var hasAccessRules: Bool

    /// - Parameters:
    ///   - keyVersionNumber: which of the card's key sets; nil: the card's choice.
    ///   - keys: the card has to hold them; nil: they are in a vault, and the TSM finds out at the first eligibility check.
    /// - Throws: ``ToolFailure`` in words for the person who holds the card.
    static func read(_ source: Source, issuerSecurityDomain: AID, keyVersionNumber: UInt8?, keys: SCP03StaticKeys?) async throws -> CardEvidence {
        let connector: any CardConnector
        var lock: CardLock?
        switch source {
        case .reader(let name): connector = PCSCConnector(reader: name)
        case .file(let path):
            lock = try await CardLock(path: CardFiles.lock(of: path))
            connector = SimulatedCardConnector(name: path, card: try CardFiles.open(path))
        }
        defer { withExtendedLifetime(lock) {} }
        let card = try await connector.connect()
        do {
            let evidence = try await ask(CardDialog(card), issuerSecurityDomain, keyVersionNumber, keys)
            await card.disconnect()
            return evidence
        } catch {
            await card.disconnect()
            throw error
        }
    }

    private static func ask(_ card: CardDialog, _ domain: AID, _ keyVersionNumber: UInt8?, _ keys: SCP03StaticKeys?) async throws -> CardEvidence {
        let rules = try await card.send(SelectCommand(aid: .accessRuleApplicationMaster).apdu)
        let selected = try await card.send(SelectCommand(aid: domain).apdu)
        guard selected.statusWord.allowsContinuation else {
            throw ToolFailure("the card has no Issuer Security Domain \(domain): \(selected.statusWord.explanation(ins: Instruction.select)); name its AID with --isd")
        }
        let iin = try await object(card, .issuerIdentificationNumber, "issuer identification number (tag 42)", CardIdentity.issuerIdentificationNumber)
        let cin = try await object(card, .cardImageNumber, "card image number (tag 45)", CardIdentity.cardImageNumber)
        let information = try await card.send(GetDataCommand.keyInformation.apdu)
        let challenge = try SystemRandom().bytes(try await challengeLength(card))
        let answer = try await card.send(SCP03HostSession.initializeUpdate(kvn: keyVersionNumber ?? 0, hostChallenge: challenge))
        let response: InitializeUpdateResponse
        do { response = try InitializeUpdateResponse(answer) } catch {
            throw ToolFailure("the card does not open SCP03 with keys \(keyVersionNumber.map { Hex.encode([$0]) } ?? "of its choice"): \(error)")
        }
        if let keys {
            guard try SCP03HostSession.verifies(response, hostChallenge: challenge, staticKeys: keys) else {
                throw ToolFailure("the card does not hold these keys: its cryptogram (keys \(Hex.encode([response.keyVersionNumber]))) was made with others; nothing was stored")
            }
        }
        return CardEvidence(
            issuerSecurityDomain: domain, issuerIdentificationNumber: iin, cardImageNumber: cin, initializeUpdate: response,
            keyLength: try keys?.keyLength ?? length(information, response.keyVersionNumber), hasAccessRules: rules.statusWord.isSuccess || rules.statusWord.isWarning)
    }

    /// 16 bytes where the card says that it opens SCP03 in its 16-byte mode, else 8.
    private static func challengeLength(_ card: CardDialog) async throws -> Int {
        let answer = try await card.send(GetDataCommand.cardRecognitionData.apdu)
        // A card without recognition data, or with its own idea of it, has SCP03 in the usual mode.
        guard answer.statusWord.isSuccess, let data = try? CardRecognitionData(parsing: answer.data) else { return 8 }
        return data.secureChannels.contains(where: \.hasSixteenByteMode) ? 16 : 8
    }

    private static func object(_ card: CardDialog, _ command: GetDataCommand, _ name: String, _ read: ([UInt8]) throws(FormatError) -> [UInt8]) async throws -> [UInt8] {
        let response = try await card.send(command.apdu)
        guard response.statusWord.isSuccess else {
            throw ToolFailure("the card has no \(name): \(response.statusWord.explanation(ins: Instruction.getData)); its issuer writes it with STORE DATA before the card can be registered")
        }
        return try read(response.data)
    }

    private static func length(_ response: ResponseAPDU, _ version: UInt8) throws -> Int {
        guard response.statusWord.isSuccess, let key = try KeyInformation(parsing: response.data).keys.first(where: { $0.version == version }), let component = key.components.first else {
            throw ToolFailure("the card does not tell how long its keys are; give them with --keys")
        }
        return Int(component.length)
    }
}
