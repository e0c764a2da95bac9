import Synchronization
import TSMAPI
import TrustedServiceModel

/// Kills services when so many requests of handsets have left, and starts each again. One after the other: a testbed has one description.
final class Reaper: Sendable {
    struct Death: Sendable, Hashable, CustomStringConvertible {
        /// Of the request that sets it off, counted over all handsets.
        var request: Int
        var name: String
        var description: String { "\(name) at request \(request)" }
    }

    private struct State {
        var plan: [Death]
        var requests = 0
        var killed: [Death] = []
    }

    private let state: Mutex<State>
    private let due: AsyncStream<Death>
    private let call: AsyncStream<Death>.Continuation

    /// - Parameter requests: that surely come: the deaths fall at random among them.
    init(_ names: [String], times: Int, among requests: Int, using generator: inout some RandomNumberGenerator) {
        var plan: [Death] = []
        for name in names { for _ in 0..<times { plan.append(Death(request: Int.random(in: 1...max(1, requests), using: &generator), name: name)) } }
        state = Mutex(State(plan: plan.sorted { ($0.request, $0.name) < ($1.request, $1.name) }))
        (due, call) = AsyncStream.makeStream()
    }

    var plan: [Death] { state.withLock { $0.plan } }
    var killed: [Death] { state.withLock { $0.killed } }

    /// A request is about to leave.
    func noteRequest() {
        let now = state.withLock { state -> [Death] in
            state.requests += 1
            let now = state.plan.prefix { $0.request <= state.requests }
            state.plan.removeFirst(now.count)
            return Array(now)
        }
        for death in now { call.yield(death) }
    }

    /// Until `finish`.
    func run(_ testbed: RunningTestbed) async throws {
        for await death in due {
            try await testbed.kill(death.name)
            state.withLock { $0.killed.append(death) }
            try await testbed.restart(death.name)
        }
    }

    /// What is left of the plan is carried out, and then no more.
    func finish() { call.finish() }
}

/// Tells the reaper of every request.
struct ReapedTransport: BackendTransport {
    let inner: any BackendTransport
    let reaper: Reaper

    func send(method: String, path: String, headers: [(name: String, value: String)], body: [UInt8]) async throws(TSMFailure) -> BackendAnswer {
        reaper.noteRequest()
        return try await inner.send(method: method, path: path, headers: headers, body: body)
    }
}
