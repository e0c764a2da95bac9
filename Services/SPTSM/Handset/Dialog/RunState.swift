import GlobalPlatform
import Provisioning
import TrustedServiceModel

/// A process on its way through the sessions of its plan. Pure data: `RunExecutor` moves it on.
struct RunState: Codable, Sendable {
    enum Purpose: String, Codable, Sendable {
        /// Reading what the card really holds, before the plan is made.
        case reconcile
        case main
        /// Taking back what a failed deployment left on the card.
        case cleanUp
    }

    /// Why a clean-up runs: how the process ends after it.
    struct Cause: Codable, Sendable {
        var failure: TSMFailure
        var command: ServiceCommand.Kind?
    }

    enum SessionStatus: String, Codable, Sendable { case waiting, sent, verified }

    struct Session: Codable, Sendable {
        var planned: PlannedSession
        var status = SessionStatus.waiting
        /// Vault channel of a session with our security domain.
        var channelId: String?
        /// The piece sent begins with SELECT.
        var selects = false
        /// What each wrapped command was, to judge the answers.
        var entries: [Entry] = []
        /// Begun anew after a report that did not complete it.
        var isRepeated: Bool?
        /// Key set counter that this session uses, where it is known beforehand.
        var counter: Int?
    }

    struct Entry: Codable, Sendable, Hashable {
        var step: ProvisioningStep
        var count: Int
        /// Of a step that personalises.
        var personalization: PersonalizationEntry?
    }

    /// Keys of the service's security domain in this run.
    struct Keys: Codable, Sendable, Hashable {
        var firstKeySetId: String?
        var finalKeySetId: String?
        /// Check values of the final keys, where this run made them.
        var finalKeyCheckValues: [HexBytes]?
        /// Counter of the final key set that was used last; 0 for a fresh one.
        var finalCounter = 0
    }

    var purpose: Purpose
    var challenge: ChallengeKind
    /// The ISD's counter as read last, three bytes; nil: not predictable.
    var issuerCounter: Int?
    var sessions: [Session]
    var keys: Keys
    var issuerDialogId: String?
    /// The outstanding order.
    var layout: OrderLayout?
    /// A command that may have changed the card was answered with success.
    var changedCard = false
    /// The order of `layout` is out and not reported yet.
    var orderOutstanding = false
    /// Of a clean-up.
    var cause: Cause?
    /// Registry entries that the issuer read, for reconciling.
    var registry: [HexBytes] = []
    /// What was read of the security domain's content under its own keys.
    var reading: CardReading?
    /// Applications that were found locked, where that was read.
    var lockedInstances: [AID]?
    /// What this step has proven of key sets and the vault is still to be told; handed on with the step's other changes.
    var keySetTasks: [KeySetTask]?
    /// What this step's report holds of applications' answers to their scripts.
    var answers: Unstored<PersonalizationAnswers>?

    init(purpose: Purpose, challenge: ChallengeKind, issuerCounter: Int?, plan: [PlannedSession], keys: Keys) {
        self.purpose = purpose
        self.challenge = challenge
        self.issuerCounter = issuerCounter
        self.sessions = plan.map { Session(planned: $0) }
        self.keys = keys
    }

    mutating func takeKeySetTasks() -> [KeySetTask] {
        defer { keySetTasks = nil }
        return keySetTasks ?? []
    }

    /// Index among the issuer's sessions only: how the SEI dialog counts them.
    func issuerIndex(of session: Int) -> Int {
        sessions[..<session].count { $0.planned.isIssuer }
    }

    /// An order that holds more than openings of sessions is out: whatever it changes may be on the card.
    var mayBeChangingCard: Bool {
        orderOutstanding && purpose != .reconcile && (layout?.entries.contains { $0.part != .opening } ?? false)
    }

    var isComplete: Bool { sessions.allSatisfy { $0.status == .verified } }
}
