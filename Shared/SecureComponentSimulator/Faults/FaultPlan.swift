import GlobalPlatform

/// What goes wrong, at which command. Commands are counted from 0 when the plan is injected.
public struct FaultPlan: Hashable, Sendable {
    public enum Fault: Hashable, Sendable {
        /// The card executes the command; its answer is lost.
        case dropResponse
        /// The command never reaches the card.
        case dropCommand
        /// The card answers this and does nothing.
        case respond(StatusWord)
        /// All bits of one byte of the response, counted from its start and cut to its length, are inverted.
        case flipResponseByte(Int)
        /// Likewise of the command, before the card sees it.
        case flipCommandByte(Int)
        /// Power goes before the card begins.
        case powerCutBefore
        /// Power goes while the card stores what the command changes. A command that stores nothing, or not that often, is answered as ever.
        case powerCutWhileStoring(WriteCut)
        /// Power goes after the change is stored and before the card answers.
        case powerCutAfter
        /// INITIALIZE UPDATE is answered with another card cryptogram; other commands are not touched.
        case wrongCardCryptogram
    }

    public var faults: [Int: Fault]

    public init(_ faults: [Int: Fault] = [:]) {
        self.faults = faults
    }

    public static func at(_ index: Int, _ fault: Fault) -> FaultPlan { FaultPlan([index: fault]) }
}
