import GlobalPlatform
import SecureComponentSimulator
import TrustedServiceModel

/// What goes wrong at one command of an operation.
enum FaultKind: String, CaseIterable, Sendable {
    /// The connection is lost before the command reaches the card.
    case drop
    /// The card refuses the command.
    case error
    /// The card has carried the command out, and its answer is lost.
    case lostResponse = "lost-response"
    /// A byte of the answer is changed on its way.
    case flip
    /// Power goes before, while or after the card carries the command out.
    case powerCut = "power-cut"
    /// The answer comes after the process's lease has ended.
    case slow

    /// Status words that a card may refuse with; among them those that stand for "there is none" where somebody looks for something.
    static let refusals: [UInt16] = [0x6F00, 0x6A84, 0x6985, 0x6A80, 0x6581, 0x6982, 0x6A88, 0x6300]

    /// - Parameter variant: which of the kind's forms.
    func fault(_ variant: Int) -> FaultPlan.Fault? {
        switch self {
        case .drop: .dropCommand
        case .error: .respond(Self.refusal(variant))
        case .lostResponse: .dropResponse
        case .flip: .flipResponseByte(variant % 300)
        case .powerCut: [.powerCutBefore, .powerCutAfter, .powerCutWhileStoring(WriteCut(.before)), .powerCutWhileStoring(WriteCut(.complete)), .powerCutWhileStoring(WriteCut(.after))][variant % 5]
        case .slow: nil
        }
    }

    static func refusal(_ variant: Int) -> StatusWord { StatusWord(rawValue: refusals[variant % refusals.count]) }

    /// What the call may end with, where it does not succeed all the same.
    var categories: Set<ErrorCategory> {
        switch self {
        case .error: [.secureComponentError, .issuerError, .secureComponentInaccessible, .secureComponentChannelNotAvailable, .noEligibleSecureComponent]
        case .drop, .lostResponse, .powerCut: [.executionInterrupted, .secureComponentChannelNotAvailable, .secureComponentInaccessible, .secureComponentError, .issuerError]
        case .flip: [.executionInterrupted, .secureComponentChannelNotAvailable, .secureComponentInaccessible, .secureComponentError, .issuerError, .noEligibleSecureComponent]
        case .slow: [.executionInterrupted]
        }
    }
}
