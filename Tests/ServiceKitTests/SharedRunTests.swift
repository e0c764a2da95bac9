import ServiceKit
import Synchronization
import Testing

@Suite struct SharedRunTests {
    /// Work that counts its runs and is held until it is let go.
    private final class Work: Sendable {
        private struct State {
            var runs = 0
            var called = 0
            var isHeld = true
        }
        private let state = Mutex(State())

        var runs: Int { state.withLock { $0.runs } }
        var called: Int { state.withLock { $0.called } }
        func call() { state.withLock { $0.called += 1 } }
        func letGo() { state.withLock { $0.isHeld = false } }

        func run() async -> Int {
            let number = state.withLock { $0.runs += 1; return $0.runs }
            while state.withLock({ $0.isHeld }) { await Task.yield() }
            return number
        }
    }

    /// Everybody is served by a run that began after the call, and those who wait together share one.
    @Test func whoWaitsTogetherSharesARun() async {
        let (shared, work) = (SharedRun<Int>(), Work())
        await withTaskGroup(of: Int.self) { group in
            group.addTask { await shared.share { await work.run() } }
            while work.runs == 0 { await Task.yield() }
            for _ in 0..<20 {
                group.addTask {
                    work.call()
                    return await shared.share { await work.run() }
                }
            }
            while work.called < 20 { await Task.yield() }
            work.letGo()
            var served: [Int] = []
            for await number in group { served.append(number) }
            // One had the first run; none of the others got what began before it came.
            #expect(served.count { $0 == 1 } == 1 && served.count == 21)
            #expect(work.runs == served.max() && work.runs < 20)
        }
    }

    @Test func oneAfterTheOtherRunsEachTime() async {
        let (shared, work) = (SharedRun<Int>(), Work())
        work.letGo()
        for number in 1...5 { #expect(await shared.share { await work.run() } == number) }
    }
}
