import DeploymentDocument
import Foundation
import ServiceKit
@testable import SPTSMHandset
import Testing
import TrustedServiceModel

@Suite("what the outbox keeps, gives up and forgets")
struct OutboxTests {
    @Test("what was claimed by a process that died is left alone for the lease, then sent again under the same ID")
    func lease() async throws {
        try await withOutbox { bench in
            let spos = bench.spos("s")
            _ = try await bench.put("a")
            _ = try await bench.put("b")
            let (now, lease) = (bench.clock.now, bench.outbox.settings.lease)
            // Taken, and perhaps sent; then the process is killed.
            let claimed = try await bench.store.write { db in try OutboxStore.claim(service: "s", now: now, lease: lease, limit: 16, in: db) }
            #expect(claimed.map(\.id) == ["a"])
            let successor = bench.delivery()
            #expect(try await successor.deliverDue() == 0)
            bench.clock.advance(by: lease + 0.1)
            #expect(try await successor.deliverDue() == 2 && spos.taken == ["a", "b"])
        }
    }

    @Test("a delivery that is interrupted settles nothing")
    func interrupted() async throws {
        try await withOutbox { bench in
            let spos = bench.spos("s")
            spos.answers { _ in .interrupted }
            _ = try await bench.put("a")
            _ = try await bench.delivery().deliverDue()
            let letter = try #require(try await bench.outbox.letter("a"))
            #expect(letter.state == .waiting && letter.attempts == 0)
            spos.answers(nil)
            bench.clock.advance(by: bench.outbox.settings.lease + 0.1)
            #expect(try await bench.delivery().deliverDue() == 1)
        }
    }

    @Test("after days it is a dead letter, which is seen and can be sent again")
    func deadLetters() async throws {
        try await withOutbox(OutboxSettings(retryFor: 2 * 86_400)) { bench in
            let spos = bench.spos("s")
            spos.answers { _ in .unavailable(reason: "it answers 503") }
            for id in ["a", "b", "c"] { _ = try await bench.put(id, instance: id == "c" ? "j" : "i") }
            let delivery = bench.delivery()
            _ = try await delivery.deliverDue()
            bench.clock.advance(by: 2 * 86_400 - 10)
            _ = try await delivery.deliverDue()
            #expect(try await bench.outbox.standing().dead == 0)
            bench.clock.advance(by: 3600)
            _ = try await bench.put("young", instance: "i")
            _ = try await delivery.deliverDue()
            // One attempt, in the name of all.
            #expect(try await bench.states() == ["a": .dead, "b": .dead, "c": .dead, "young": .waiting])
            let letter = try #require(try await bench.outbox.letter("b"))
            #expect(letter.settled != nil && letter.lastError == "it answers 503" && letter.due == nil && letter.result.processId == "b")
            #expect(bench.logs.lines.contains { $0.hasPrefix("error") && $0.contains("dead letters") })

            spos.answers(nil)
            #expect(try await bench.outbox.replay("b", now: bench.clock.now) == 1)
            #expect(try await bench.outbox.replay("b", now: bench.clock.now) == 0)
            #expect(try await bench.outbox.replay("unknown", now: bench.clock.now) == 0)
            #expect(try await delivery.deliverDue() == 2 && spos.taken == ["b", "young"])
            #expect(try await bench.outbox.replay(nil, now: bench.clock.now) == 2)
            #expect(try await delivery.deliverDue() == 2 && Set(spos.taken) == ["a", "b", "c", "young"])
            #expect(try await bench.outbox.standing() == Outbox.Standing(waiting: 0, dead: 0, delivered: 4, oldest: nil))
        }
    }

    @Test("pages of letters, the oldest first")
    func pages() async throws {
        try await withOutbox { bench in
            for number in 0..<25 { _ = try await bench.put("\(number)", instance: "\(number)") }
            var (seen, last): ([String], String?) = ([], nil)
            while case let page = try await bench.outbox.letters(.waiting, after: last, limit: 10), !page.isEmpty {
                seen += page.map(\.id)
                last = page.last?.id
            }
            #expect(seen == (0..<25).map { "\($0)" })
            #expect(try await bench.outbox.letters(.dead).isEmpty)
            #expect(try await bench.outbox.letter("99") == nil)
        }
    }

    @Test("accepted results are forgotten after days, dead letters later, waiting ones never")
    func retention() async throws {
        try await withOutbox(OutboxSettings(retryFor: 86_400, deliveredDays: 7, deadDays: 30)) { bench in
            let spos = bench.spos("s")
            _ = try await bench.put("delivered", instance: "i")
            let delivery = bench.delivery()
            #expect(try await delivery.deliverDue() == 1)
            spos.answers { _ in .refused(status: 400) }
            _ = try await bench.put("dead", instance: "j")
            bench.clock.advance(by: 86_401)
            _ = try await delivery.deliverDue()
            _ = try await bench.put("waiting", instance: "k")
            bench.clock.advance(by: 8 * 86_400)
            try await bench.outbox.forget(now: bench.clock.now)
            #expect(try await bench.states() == ["dead": .dead, "waiting": .waiting])
            bench.clock.advance(by: 30 * 86_400)
            try await bench.outbox.forget(now: bench.clock.now)
            #expect(try await bench.states() == ["waiting": .waiting])
        }
    }

    @Test("no SPOS: nothing is sent and nothing is kept")
    func nowhere() async throws {
        try await withOutbox { bench in
            _ = try await bench.put("a")
            _ = try await bench.put("b")
            #expect(try await bench.delivery().deliverDue() == 0)
            #expect(try await bench.states().isEmpty)
            #expect(bench.services.withLock { $0.isEmpty })
        }
    }

    @Test("results go where the Service's SposConfig points now; of a Service that is no more, where it pointed")
    func addresses() async throws {
        try await withOutbox { bench in
            let old = bench.spos("s", at: "https://old.example")
            old.answers { _ in .unavailable(reason: "it answers 404") }
            _ = try await bench.put("a", pinned: SposDocument(sposConfigId: "c", url: "https://pinned.example", certificatePEM: ""))
            let delivery = bench.delivery()
            #expect(try await delivery.deliverDue() == 0)
            let new = bench.spos("s", at: "https://new.example")
            bench.clock.advance(by: 2)
            #expect(try await delivery.deliverDue() == 1 && new.taken == ["a"] && old.attempts == ["a"])
            bench.addresses.withLock { $0["s"] = .pinned }
            _ = try await bench.put("b", pinned: SposDocument(sposConfigId: "c", url: "https://pinned.example", certificatePEM: ""))
            _ = try await bench.put("without", instance: "j")
            #expect(try await delivery.deliverDue() == 1 && bench.listening("https://pinned.example").taken == ["b"])
            #expect(try await bench.states() == ["a": .delivered, "b": .delivered])
        }
    }

    @Test("a URL that cannot be is a failure like any other: seen, and mended by a new URL")
    func wrongURL() async throws {
        try await withOutbox { bench in
            bench.addresses.withLock { $0["s"] = .spos(SposDocument(sposConfigId: "c", url: "http://plain.example", certificatePEM: "")) }
            _ = try await bench.put("a")
            let delivery = bench.delivery()
            #expect(try await delivery.deliverDue() == 0)
            #expect(try await bench.outbox.letter("a")?.lastError == "not https")
            let spos = bench.spos("s")
            bench.clock.advance(by: 2)
            #expect(try await delivery.deliverDue() == 1 && spos.taken == ["a"])
        }
    }

    @Test("while the catalogue is away results wait, untried")
    func catalogueAway() async throws {
        try await withOutbox { bench in
            let spos = bench.spos("s")
            _ = try await bench.put("a")
            bench.catalogueIsAway.withLock { $0 = true }
            let delivery = bench.delivery()
            #expect(try await delivery.deliverDue() == 0)
            #expect(try await bench.outbox.letter("a")?.attempts == 0 && spos.attempts.isEmpty)
            bench.catalogueIsAway.withLock { $0 = false }
            #expect(try await delivery.deliverDue() == 1)
        }
    }

    @Test("handsets cannot fill the outbox with failed checks; results of processes always fit")
    func flood() async throws {
        try await withOutbox(OutboxSettings(maximumWaitingChecks: 5)) { bench in
            for number in 0..<5 {
                let isKept = try await bench.put("\(number)", instance: nil, isProcess: false)
                #expect(isKept)
            }
            #expect(try await !bench.put("5", instance: nil, isProcess: false))
            #expect(try await bench.put("other", instance: nil, service: "t", isProcess: false))
            #expect(try await bench.put("process"))
            bench.spos("s")
            #expect(try await bench.delivery().deliverDue() == 6)
            #expect(try await bench.put("6", instance: nil, isProcess: false))
        }
    }

    @Test("the catalogue's word: what it has, what it removed, and what it cannot say")
    func addressBook() async throws {
        let catalogue = try FixedCatalogue(profile: TSMBench.profile)
        let clock = TestClock()
        let book = SPOSAddressBook(catalogue: catalogue, environment: ServiceEnvironment(now: { clock.now }, uuid: { "" }, randomBytes: { _ in [] }))
        #expect(try await book.address(of: FixedCatalogue.serviceId) == .nowhere)
        catalogue.state.withLock { $0.isMissing = true }
        await #expect(throws: TSMFailure.self) { try await book.address(of: FixedCatalogue.serviceId) }
        catalogue.state.withLock { $0.isDeleted = true }
        #expect(try await book.address(of: FixedCatalogue.serviceId) == .pinned)
        catalogue.state.withLock { $0 = FixedCatalogue.State(isAvailable: false) }
        // What was asked just now counts for a moment.
        #expect(try await book.address(of: FixedCatalogue.serviceId) == .nowhere)
        clock.advance(by: 6)
        await #expect(throws: TSMFailure.self) { try await book.address(of: FixedCatalogue.serviceId) }
    }
}
