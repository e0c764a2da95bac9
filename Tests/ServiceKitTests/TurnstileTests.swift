import ServiceKit
import Synchronization
import Testing

@Suite struct TurnstileTests {
    private struct Failure: Error {}

    /// Tasks that wait inside until they are let out.
    private actor Room {
        private(set) var inside = 0
        private(set) var most = 0
        private(set) var order: [Int] = []
        private var isOpen = false
        private var waiting: [CheckedContinuation<Void, Never>] = []
        private var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []

        func enter(_ number: Int) async {
            inside += 1
            most = max(most, inside)
            order.append(number)
            watchers.removeAll { watcher in
                guard inside >= watcher.count else { return false }
                watcher.continuation.resume()
                return true
            }
            if !isOpen { await withCheckedContinuation { waiting.append($0) } }
            inside -= 1
        }

        func filled(_ count: Int) async {
            if inside < count { await withCheckedContinuation { watchers.append((count, $0)) } }
        }

        func open() {
            isOpen = true
            for continuation in waiting { continuation.resume() }
            waiting = []
        }
    }

    @Test func soManyAtOnceAndAllInTheEnd() async {
        let (turnstile, room) = (Turnstile(3), Room())
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 { group.addTask { await turnstile.pass { await room.enter(number) } } }
            await room.filled(3)
            await room.open()
        }
        #expect(await room.most == 3)
        #expect(await room.order.count == 200)
        // Everybody is out: three places are free again.
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<3 { group.addTask { await turnstile.pass { await room.enter(number) } } }
        }
    }

    @Test func aFailureGivesItsPlaceBack() async {
        let turnstile = Turnstile(1)
        for _ in 0..<5 { await #expect(throws: Failure.self) { try await turnstile.pass { throw Failure() } } }
        #expect(await turnstile.pass { 7 } == 7)
    }

    @Test func noPlacesAreOne() async {
        #expect(await Turnstile(0).pass { true })
    }
}
