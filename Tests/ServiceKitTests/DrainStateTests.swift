import ServiceKit
import Testing

@Suite struct DrainStateTests {
    @Test func refusesNewWorkAndWaitsForOld() async throws {
        let drain = DrainState()
        let ticket = try #require(drain.admit())
        #expect(drain.openCount == 1)
        drain.begin()
        #expect(drain.isDraining && drain.admit() == nil)
        #expect(await drain.waitUntilIdle(timeout: .milliseconds(10)) == false)
        async let idle = drain.waitUntilIdle(timeout: .seconds(30))
        ticket.finish()
        ticket.finish()
        #expect(await idle)
        #expect(drain.openCount == 0)
    }

    @Test func aDroppedTicketIsDone() async {
        let drain = DrainState()
        do { _ = drain.admit() }
        #expect(drain.openCount == 0)
        #expect(await drain.waitUntilIdle(timeout: .seconds(30)))
    }
}
