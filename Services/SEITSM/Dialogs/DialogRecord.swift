import Foundation
import GlobalPlatform
import SEIAPI
import ServiceKit

/// A dialog as it is stored: all that is needed to go on after a restart.
struct DialogRecord: Codable, Sendable, Hashable {
    var id: String
    var spTsm: String
    var componentId: String
    var process: String
    var status: SEI.Dialog.Status
    var sessions: [SessionRecord]
    var firstKeySets: [SEI.FirstKeySet]
    /// Key sets behind `firstKeySets`, by domain.
    var keySetIds: [DomainKeySet]
    var failure: String?
    var createdAt: Date
    var leaseUntil: Date

    struct DomainKeySet: Codable, Sendable, Hashable {
        var aid: AID
        var keySetId: String
    }

    /// Every contact that brings something renews the lease, but not beyond the dialog's longest life: nobody holds a component for ever.
    mutating func renewLease(at: Date, _ settings: IssuerSettings) {
        leaseUntil = min(at.addingTimeInterval(settings.dialogLease), createdAt.addingTimeInterval(settings.maximumDialog))
    }

    /// The session whose results come next; nil once all are verified.
    var current: Int? { sessions.firstIndex { $0.status != .verified } }

    var answer: SEI.Dialog {
        SEI.Dialog(dialogId: id, status: status, sessions: sessions.map(\.answer), firstKeySets: firstKeySets, failure: failure,
                   expiresAt: WireDate.text(leaseUntil))
    }
}

struct SessionRecord: Codable, Sendable, Hashable {
    /// What `commands` are.
    enum Phase: String, Codable, Sendable {
        /// Nothing is out: the session waits, or has ended.
        case idle
        /// SELECT, INITIALIZE UPDATE, EXTERNAL AUTHENTICATE and all commands.
        case predicted
        /// SELECT and INITIALIZE UPDATE.
        case opening
        /// EXTERNAL AUTHENTICATE and all commands.
        case running
        /// The next page of the registry, in the open session.
        case continuing
    }

    var operations: [SEI.Operation]
    var status: SEI.SessionStatus
    var phase: Phase
    /// Commands of which nothing is verified yet.
    var plan: [PlannedCommand]
    var layout: [Int]
    var channelId: String?
    /// Foreseen counter of a predicted session.
    var counter: UInt32?
    var commands: [HexBytes]
    var steps: [SEI.Step]
    var effects: SessionEffects
    /// Of a verified session; nil: proven.
    var proven: Bool?
    /// Whether the SP TSM's account (``UnprovenTable``) holds the authentication that the session has out or has ahead; nil: it does not.
    var isCounted: Bool?
    /// Digest of the results that were taken last.
    var lastResults: [UInt8]?

    init(operations: [SEI.Operation], plan: [PlannedCommand]) {
        self.operations = operations
        self.plan = plan
        status = .waiting
        phase = .idle
        layout = []
        commands = []
        steps = []
        effects = SessionEffects()
    }

    /// What the session selects. The keys are the ISD's in any case: a domain without keys of its own has those of the domain above it.
    func securityDomain(on component: Component) -> AID { operations.keyedDomain ?? component.issuerSecurityDomain }

    /// Whether results with a digest that was seen before are those from before. Later sessions with the card can bring the same bytes again only
    /// where nothing of the card's challenge or its R-MAC is in them.
    func isRepetition(_ digest: [UInt8]) -> Bool { phase != .running || digest == lastResults }

    mutating func send(_ script: SessionScript, phase: Phase, channel: String) {
        self.phase = phase
        status = .ready
        channelId = channel
        commands = script.commands
        steps = script.steps
        layout = script.layout
    }

    mutating func end(_ status: SEI.SessionStatus) {
        self.status = status
        phase = .idle
        channelId = nil
        plan = []
        commands = []
        steps = []
        layout = []
    }

    var answer: SEI.Session {
        SEI.Session(status: status, commands: commands, steps: steps, registry: status == .verified ? registry : [],
                    proven: proven ?? true)
    }

    /// Entries that the status operations found, in their order; what is not on the card has none.
    private var registry: [HexBytes] {
        operations.compactMap { operation in
            guard case .status(let aid) = operation, let entries = effects.readings.first(where: { $0.aid == aid })?.entries else { return nil }
            return entries.bytes.isEmpty ? nil : entries
        }
    }
}
