import Cryptography
import Foundation
import GlobalPlatform
import SecureComponentSimulator

/// Plays the manufacturer: makes simulated cards with keys derived from the issuer's master key, and the issuer's inventory of them.
struct CardManufacturer: Sendable {
    static let keyVersionNumber: UInt8 = 0x30

    let profile: CardProfile
    let profileId: String
    let masterKey: SecretBytes
    let masterKeyIndex: String
    let issuerIdentificationNumber: [UInt8]

    struct Card: Sendable {
        /// hex(IIN ‖ CIN).
        let id: String
        let inventoryEntry: OperatorDocuments.InventoryEntry
    }

    /// - Parameter path: the card's state file.
    func make(cardImageNumber: [UInt8], path: String) throws -> Card {
        let diversificationData = try SystemRandom().bytes(10)
        let keys = try DiversificationScheme.kdf3.keys(master: masterKey, keyDiversificationData: diversificationData)
        _ = try SimulatedCard.personalized(
            profile: profile, isdKeys: keys, keyVersionNumber: Self.keyVersionNumber, issuerIdentificationNumber: issuerIdentificationNumber,
            cardImageNumber: cardImageNumber, keyDiversificationData: diversificationData, file: CardFile(path: path))
        return Card(
            id: Hex.encode(issuerIdentificationNumber + cardImageNumber),
            inventoryEntry: OperatorDocuments.InventoryEntry(
                issuerIdentificationNumber: HexBytes(issuerIdentificationNumber), cardImageNumber: HexBytes(cardImageNumber), profileId: profileId,
                keyVersionNumber: Self.keyVersionNumber, scpParameter: profile.scp03Parameter.rawValue, keyLength: profile.keyLength,
                keyDiversificationData: HexBytes(diversificationData), masterKeyIndex: masterKeyIndex, scheme: "kdf3",
                accessRuleApplication: .accessRuleApplicationMaster, lifeCycle: "in the field"))
    }
}
