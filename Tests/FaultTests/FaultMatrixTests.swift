import Foundation
import Testing

/// The card or the link fails at every command of every operation.
///
/// `make test` takes every third command with one kind of fault, which the seed chooses as it chooses the commands; `make soak` all kinds at each. A case that fails prints its name:
/// `TSMS_FAULT=<name>` runs it alone, `SOAK_SEED` chooses the forms of the faults.
@Suite("faults at every command of every operation")
struct FaultMatrixTests {
    static let seed = ProcessInfo.processInfo.environment["SOAK_SEED"].flatMap { UInt64($0) } ?? 20_261_125
    static let isSoak = ProcessInfo.processInfo.environment["TSMS_SOAK"] != nil
    static let single = ProcessInfo.processInfo.environment["TSMS_FAULT"].map { FaultCase($0) }

    /// In the short form cards and agents beside the first take turns over the operations.
    static var columns: [FaultColumn] {
        if let single { return single.map { [$0.column] } ?? [] }
        let others: [(FaultedCard, FaultedAgent)] = [(.random, .stops), (.predictable, .runsOn), (.inherited, .stops), (.inheritedRandom, .runsOn)]
        return FaultedOperation.allCases.enumerated().flatMap { place, operation -> [FaultColumn] in
            let all = FaultedCard.allCases.flatMap { card in FaultedAgent.allCases.map { FaultColumn(operation: operation, card: card, agent: $0) } }
            if isSoak { return all }
            let other = others[(place + Int(seed % 4)) % others.count]
            return [FaultColumn(operation: operation, card: .predictable, agent: .stops), FaultColumn(operation: operation, card: other.0, agent: other.1)]
        }
    }

    static func cases(_ column: FaultColumn, _ commands: Int) -> [FaultCase] {
        if let single { return single.map { [$0] } ?? [] }
        return (0..<commands).flatMap { index -> [FaultCase] in
            if isSoak { return FaultKind.allCases.map { FaultCase(column, $0, index, seed: seed) } }
            let turn = (index / 3 + Int(seed % 6) + (column.card == .predictable ? 0 : 3)) % FaultKind.allCases.count
            // Every third command, beside the first column every ninth: so many seeds see all.
            let stride = (column.card, column.agent) == (.predictable, .stops) ? 3 : 9
            guard index % stride == Int(seed % UInt64(stride)) else { return [] }
            return [FaultCase(column, FaultKind.allCases[turn], index, seed: seed)]
        }
    }

    @Test("the result says what happened, the state is the card's, the next call recovers, nothing is left behind", arguments: columns)
    func matrix(column: FaultColumn) async throws {
        let workers = FaultWorkers()
        let baseline = try await workers.baseline(column)
        let cases = Self.cases(column, baseline.commands)
        #expect(!cases.isEmpty && (Self.single != nil || baseline.commands > 5))
        let violations = try await workers.run(cases, baseline)
        for (given, violation) in violations {
            let text = "TSMS_FAULT=\(given)\n    \(violation)"
            Issue.record(Comment(rawValue: text))
        }
        print("faults: \(column.operation.rawValue), \(column.card.rawValue), agent \(column.agent.rawValue): \(cases.count) cases over \(baseline.commands) commands, \(violations.count) violations")
        try await workers.close()
    }
}
