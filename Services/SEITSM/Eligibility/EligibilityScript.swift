import GlobalPlatform
import KeyVaultAPI

/// The commands of an eligibility check, in order, and where their answers are.
///
/// INITIALIZE UPDATE stands before CPLC: CPLC is not on every card, and an agent stops at an error status word.
enum EligibilityScript {
    enum Part: Sendable, Hashable {
        case select, issuerIdentificationNumber, cardImageNumber, cardRecognitionData, keyInformation, sequenceCounter, initializeUpdate, productionLifeCycle

        /// For people.
        var name: String {
            switch self {
            case .select: "issuer security domain"
            case .issuerIdentificationNumber: "issuer identification number"
            case .cardImageNumber: "card image number"
            case .cardRecognitionData: "card recognition data"
            case .keyInformation: "key information"
            case .sequenceCounter: "sequence counter"
            case .initializeUpdate: "challenge"
            case .productionLifeCycle: "production life cycle"
            }
        }
    }

    static func parts(_ component: Component) -> [Part] {
        var parts: [Part] = [.select, .issuerIdentificationNumber, .cardImageNumber, .cardRecognitionData, .keyInformation]
        // A card with random challenges need not have a counter.
        if component.secureChannel.hasPseudoRandomChallenge { parts.append(.sequenceCounter) }
        return parts + [.initializeUpdate, .productionLifeCycle]
    }

    static func commands(_ component: Component, initializeUpdate: HexBytes) -> [HexBytes] {
        parts(component).map { part in
            switch part {
            case .select: HexBytes(SelectCommand(aid: component.issuerSecurityDomain).apdu.bytes)
            case .issuerIdentificationNumber: HexBytes(GetDataCommand.issuerIdentificationNumber.apdu.bytes)
            case .cardImageNumber: HexBytes(GetDataCommand.cardImageNumber.apdu.bytes)
            case .cardRecognitionData: HexBytes(GetDataCommand.cardRecognitionData.apdu.bytes)
            case .keyInformation: HexBytes(GetDataCommand.keyInformation.apdu.bytes)
            case .sequenceCounter: HexBytes(GetDataCommand.sequenceCounter.apdu.bytes)
            case .initializeUpdate: initializeUpdate
            case .productionLifeCycle: HexBytes(GetDataCommand.cardProductionLifeCycle.apdu.bytes)
            }
        }
    }
}
