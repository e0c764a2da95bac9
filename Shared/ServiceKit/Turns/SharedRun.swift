/// A piece of work that serves everybody who waited when it began. Whoever comes while it is under way waits for the next run, since this one may have
/// looked already: however many come, each waits for two runs at most.
public actor SharedRun {
    private enum Turn: Sendable {
        /// Run for yourself and for these, who wait with you.
        case lead([CheckedContinuation<Turn, Never>])
        case served
    }

    private var isRunning = false
    private var waiting: [CheckedContinuation<Turn, Never>] = []

    public init() {}

    /// Returns when a run that began after the call is over.
    public func share(_ work: @Sendable () async -> Void) async {
        var followers: [CheckedContinuation<Turn, Never>] = []
        if isRunning {
            guard case .lead(let others) = await withCheckedContinuation({ waiting.append($0) }) else { return }
            followers = others
        }
        isRunning = true
        await work()
        for follower in followers { follower.resume(returning: .served) }
        guard let next = waiting.first else { return isRunning = false }
        let others = Array(waiting.dropFirst())
        waiting = []
        next.resume(returning: .lead(others))
    }
}
