import Foundation
import Synchronization

/// Who spoke to whom, when and for how long.
final class Timeline: Sendable {
    struct Entry: Sendable, Hashable {
        var start: Date
        var from: String
        var to: String
        var what: String
        var milliseconds: Double
        /// How many alike were joined into this one.
        var count = 1
    }

    private let entries = Mutex<[Entry]>([])

    func add(_ entry: Entry) { entries.withLock { $0.append(entry) } }

    var all: [Entry] { entries.withLock { $0 } }

    /// Times `work` and notes it, whether it succeeds or not.
    func note<Value, Failure: Error>(from: String, to: String, _ what: String, _ work: () async throws(Failure) -> Value) async throws(Failure) -> Value {
        let start = Date()
        let clock = ContinuousClock.now
        defer { add(Entry(start: start, from: from, to: to, what: what, milliseconds: clock.duration(to: .now).milliseconds)) }
        return try await work()
    }

    /// In order of time; entries that follow each other and are alike become one.
    static func condensed(_ entries: [Entry]) -> [Entry] {
        var result: [Entry] = []
        for entry in entries.sorted(by: { $0.start < $1.start }) {
            if let last = result.last, last.from == entry.from, last.to == entry.to, last.what == entry.what {
                result[result.count - 1].count += 1
                result[result.count - 1].milliseconds += entry.milliseconds
            } else {
                result.append(entry)
            }
        }
        return result
    }

    /// A table, times relative to `origin`.
    static func lines(_ entries: [Entry], since origin: Date) -> [String] {
        let from = entries.map(\.from.count).max() ?? 0
        let to = entries.map(\.to.count).max() ?? 0
        return entries.map { entry in
            let time = String(format: "%9.1f", entry.start.timeIntervalSince(origin) * 1000)
            let duration = String(format: "%7.1f", entry.milliseconds)
            let count = entry.count > 1 ? "  × \(entry.count)" : ""
            return "\(time) ms  \(entry.from.padded(to: from)) → \(entry.to.padded(to: to)) \(duration) ms  \(entry.what)\(count)"
        }
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

extension Duration {
    var milliseconds: Double { Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15 }
}
