import GlobalPlatform
import SecureComponentSimulator

/// Cards that the matrix goes through. Each blocks a key set after three wrong host cryptograms in a row, so that an authentication too many shows.
enum FaultedCard: String, CaseIterable, Sendable {
    case predictable, random, inherited, inheritedRandom = "inherited-random"

    var profile: CardProfile {
        var profile: CardProfile = switch self {
        case .predictable: .eSE
        case .random: .eSERandom
        case .inherited: .inherited
        case .inheritedRandom: .inheritedRandom
        }
        profile.name += "-strict"
        profile.maximumFailedAuthentications = 3
        return profile
    }
}

/// How the handset's agent treats the rest of an order after an error.
enum FaultedAgent: String, CaseIterable, Sendable {
    case stops, runsOn = "runs-on"
}

/// A column of the matrix: an operation on a kind of card by a kind of agent.
struct FaultColumn: Hashable, Sendable {
    var operation: FaultedOperation
    var card: FaultedCard
    var agent: FaultedAgent
}

/// One case: everything that it depends on. Its name, given as `TSMS_FAULT`, runs it alone.
struct FaultCase: Hashable, Sendable, CustomStringConvertible {
    var column: FaultColumn
    var kind: FaultKind
    /// Of the command, counted from the operation's first.
    var index: Int
    var seed: UInt64

    /// Which form of the fault, and which call comes next.
    var variant: Int { Int(truncatingIfNeeded: (seed &+ UInt64(index) &* 31 &+ UInt64(kind.rawValue.utf8.count) &* 7) % 100_000) }
    /// What comes after the failure: the same again, or the end.
    var terminatesNext: Bool { (index + variant) % 2 == 0 }

    var description: String { "\(column.operation.rawValue)/\(kind.rawValue)/\(index)/\(column.card.rawValue)/\(column.agent.rawValue)/\(seed)" }

    init(_ column: FaultColumn, _ kind: FaultKind, _ index: Int, seed: UInt64) {
        (self.column, self.kind, self.index, self.seed) = (column, kind, index, seed)
    }

    /// As `description` says it.
    init?(_ text: String) {
        let parts = text.split(separator: "/").map(String.init)
        guard parts.count == 6, let operation = FaultedOperation(rawValue: parts[0]), let kind = FaultKind(rawValue: parts[1]), let index = Int(parts[2]),
              let card = FaultedCard(rawValue: parts[3]), let agent = FaultedAgent(rawValue: parts[4]), let seed = UInt64(parts[5]) else { return nil }
        self.init(FaultColumn(operation: operation, card: card, agent: agent), kind, index, seed: seed)
    }
}
