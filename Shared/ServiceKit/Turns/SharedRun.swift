/// A piece of work that serves everybody who waited when it began. Whoever comes while it is under way waits for the next run, since this one may have
/// looked already: however many come, each waits for two runs at most.
public actor SharedRun<Value: Sendable> {
    private enum Turn: Sendable {
        /// Run for yourself and for these, who wait with you.
        case lead([CheckedContinuation<Turn, Never>])
        case served(Value)
    }

    private var isRunning = false
    private var waiting: [CheckedContinuation<Turn, Never>] = []

    public init() {}

    /// Returns what a run gave that began after the call.
    public func share(_ work: @Sendable () async -> Value) async -> Value {
        var followers: [CheckedContinuation<Turn, Never>] = []
        if isRunning {
            switch await withCheckedContinuation({ waiting.append($0) }) {
            case .served(let value): return value
            case .lead(let others): followers = others
            }
        }
        isRunning = true
        let value = await work()
        for follower in followers { follower.resume(returning: .served(value)) }
        if let next = waiting.first {
            let others = Array(waiting.dropFirst())
            waiting = []
            next.resume(returning: .lead(others))
        } else {
            isRunning = false
        }
        return value
    }
}
