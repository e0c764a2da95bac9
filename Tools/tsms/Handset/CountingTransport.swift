import Foundation
import Synchronization
import TrustedServiceModel
import TSMAPI

/// Counts the requests of a handset and notes them, and between them the commands that its secure component got.
final class CountingTransport: BackendTransport {
    private struct State {
        var requests = 0
        var commandsSeen = 0
        /// When the last answer came; at first, when the handset was opened.
        var answered: Date
    }

    private let inner: any BackendTransport
    private let handset: String
    private let timeline: Timeline?
    /// Commands that the handset's components have got so far.
    private let commands: @Sendable () -> Int
    private let state: Mutex<State>

    init(_ inner: any BackendTransport, handset: String, timeline: Timeline?, commands: @escaping @Sendable () -> Int) {
        self.inner = inner
        self.handset = handset
        self.timeline = timeline
        self.commands = commands
        state = Mutex(State(commandsSeen: commands(), answered: Date()))
    }

    var requests: Int { state.withLock { $0.requests } }

    func send(method: String, path: String, headers: [(name: String, value: String)], body: [UInt8]) async throws(TSMFailure) -> BackendAnswer {
        let start = (date: Date(), clock: ContinuousClock.now)
        noteCommands(until: start.date)
        state.withLock { $0.requests += 1 }
        defer { state.withLock { $0.answered = Date() } }
        do throws(TSMFailure) {
            let answer = try await inner.send(method: method, path: path, headers: headers, body: body)
            note(method, path, String(answer.status), start.date, start.clock)
            return answer
        } catch {
            note(method, path, "no answer", start.date, start.clock)
            throw error
        }
    }

    /// Notes what the component got after the last answer; to be called once at the end as well.
    func noteCommands(until now: Date = Date()) {
        let total = commands()
        let (count, since) = state.withLock { state in
            defer { state.commandsSeen = total }
            return (total - state.commandsSeen, state.answered)
        }
        guard count > 0 else { return }
        timeline?.add(Timeline.Entry(start: since, from: handset, to: "secure component", what: "\(count) APDUs", milliseconds: now.timeIntervalSince(since) * 1000))
    }

    private func note(_ method: String, _ path: String, _ status: String, _ date: Date, _ clock: ContinuousClock.Instant) {
        timeline?.add(Timeline.Entry(start: date, from: handset, to: "gateway-handset", what: LogTimeline.what(method, path, status),
                                     milliseconds: clock.duration(to: .now).milliseconds))
    }
}
