import Foundation
import TrustedServiceModel

/// How a handset's report differs from what its card has answered.
enum Lie: String, CaseIterable, Sendable {
    /// Two answers in each other's place.
    case swapped
    /// An answer twice: more answers than commands.
    case doubled
    /// An answer longer than any card's.
    case oversized
    /// Something that is no hexadecimal number.
    case nonsense
    /// The end is missing.
    case shortened
    /// Nothing was run.
    case empty
    /// Everything was done, without data and proof.
    case bareSuccess = "bare success"
    /// The first command was refused.
    case bareRefusal = "bare refusal"
    /// What another card answered to the same order of its own process.
    case foreign
    /// What this card answered in an earlier process.
    case replayed

    /// - Parameter other: the report that stands in for it, where one does.
    func report(_ true: SERAM.Report, other: SERAM.Report?) -> SERAM.Report {
        var report = `true`
        var lists = (report.ramResponses ?? []).map(\.listOfRAPDU)
        guard let longest = lists.indices.max(by: { lists[$0].count < lists[$1].count }), !lists[longest].isEmpty else { return report }
        let last = lists.indices.last { !lists[$0].isEmpty } ?? longest
        switch self {
        case .swapped:
            // Answers that differ: the last of the longest list and the first.
            lists[longest].swapAt(0, lists[longest].count - 1)
            if lists.count > 1 { lists.swapAt(0, last) }
        case .doubled: lists[last].append(lists[last][0])
        case .oversized: lists[last][0] = String(repeating: "AB", count: 300) + "9000"
        case .nonsense: lists[last][0] = "zz" + lists[last][0]
        case .shortened:
            lists = Array(lists[...(lists.count / 2)])
            _ = lists[lists.count - 1].popLast()
        case .empty: lists = []
        case .bareSuccess: lists = lists.map { $0.map { _ in "9000" } }
        case .bareRefusal: lists = [["6F00"]]
        case .foreign, .replayed: return other ?? report
        }
        report.ramResponses = lists.map { SERAM.Response(listOfRAPDU: $0) }
        return report
    }
}
