import ServiceKit
import Testing

@Suite struct KeyedGateTests {
    private actor Visitors {
        private var inside: [String: Int] = [:]
        private(set) var most = 0
        private(set) var served: [String: Int] = [:]

        func enter(_ key: String) {
            inside[key, default: 0] += 1
            most = max(most, inside[key] ?? 0)
        }

        func leave(_ key: String) {
            inside[key, default: 0] -= 1
            served[key, default: 0] += 1
        }
    }

    @Test func oneAtATimeForEachKey() async {
        let gate = KeyedGate()
        let visitors = Visitors()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                let key = number % 3 == 0 ? "a" : "b"
                group.addTask {
                    await gate.enter(key)
                    await visitors.enter(key)
                    await Task.yield()
                    await visitors.leave(key)
                    gate.leave(key)
                }
            }
        }
        #expect(await visitors.most == 1)
        #expect(await visitors.served == ["a": 67, "b": 133])
    }

    @Test func anotherKeyIsNotHeldUp() async {
        let gate = KeyedGate()
        await gate.enter("k")
        let waiting = Task { await gate.pass("k") { 1 } }
        #expect(await gate.pass("other") { 2 } == 2)
        gate.leave("k")
        #expect(await waiting.value == 1)
    }

    @Test func anErrorLeavesTheGateOpen() async {
        struct Refused: Error {}
        let gate = KeyedGate()
        await #expect(throws: Refused.self) { try await gate.pass("k") { () async throws(Refused) -> Int in throw Refused() } }
        #expect(await gate.pass("k") { 7 } == 7)
    }
}
