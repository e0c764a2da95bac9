import Synchronization

/// Knows what a service needs to be of use, and asks each of it when somebody wants to know.
public final class HealthRegistry: Sendable {
    /// What came of one check.
    public struct Finding: Sendable, Hashable, Codable {
        public let name: String
        public let ready: Bool
        /// Why not, in words for an operator; nil when ready.
        public let reason: String?
    }

    /// A check is passed when it returns, failed with the error that it throws.
    public typealias Check = @Sendable () async throws -> Void

    private struct Entry: Sendable {
        let timeout: Duration
        let check: Check
    }

    private let entries = Mutex<[String: Entry]>([:])
    private let drain: DrainState

    public init(drain: DrainState) { self.drain = drain }

    /// - Parameter timeout: after which the check counts as failed, also if it ignores cancellation.
    public func register(_ name: String, timeout: Duration = .seconds(2), check: @escaping Check) {
        entries.withLock { $0[name] = Entry(timeout: timeout, check: check) }
    }

    /// Runs all checks side by side. Sorted by name; a draining service is not ready.
    public func findings() async -> [Finding] {
        let entries = entries.withLock { $0 }
        var found = await withTaskGroup(of: Finding.self) { group in
            for (name, entry) in entries {
                group.addTask {
                    let reason = await Self.run(entry)
                    return Finding(name: name, ready: reason == nil, reason: reason)
                }
            }
            return await group.reduce(into: [Finding]()) { $0.append($1) }
        }
        if drain.isDraining { found.append(Finding(name: "drain", ready: false, reason: "the service is shutting down")) }
        return found.sorted { $0.name < $1.name }
    }

    /// The reason for failure; nil when passed. A check that does not end in time is cancelled and left behind.
    private static func run(_ entry: Entry) async -> String? {
        await withCheckedContinuation { (continuation: CheckedContinuation<String?, Never>) in
            let answer = FirstAnswer(continuation)
            let check = Task {
                do {
                    try await entry.check()
                    answer.give(nil)
                } catch {
                    answer.give(LogRedaction.oneLine(LogRedaction.text("\(error)")))
                }
            }
            Task {
                try? await Task.sleep(for: entry.timeout)
                check.cancel()
                answer.give("no answer within \(entry.timeout)")
            }
        }
    }
}

/// Resumes a continuation with the first of several answers.
private final class FirstAnswer: Sendable {
    private let continuation: Mutex<CheckedContinuation<String?, Never>?>

    init(_ continuation: CheckedContinuation<String?, Never>) { self.continuation = Mutex(continuation) }

    func give(_ reason: String?) {
        let first = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        first?.resume(returning: reason)
    }
}
