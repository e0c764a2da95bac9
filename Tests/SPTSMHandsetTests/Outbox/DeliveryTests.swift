import DeploymentDocument
import Foundation
import ServiceKit
@testable import SPTSMHandset
import Synchronization
import Testing
import TrustedServiceModel

@Suite("delivery of results")
struct DeliveryTests {
    @Test("each once, those of an instance in their order, however many there are")
    func order() async throws {
        try await withOutbox { bench in
            let spos = bench.spos("s")
            for number in 0..<40 { for instance in 0..<5 { #expect(try await bench.put("\(instance)/\(number)", instance: "\(instance)")) } }
            let delivery = bench.delivery()
            #expect(try await delivery.deliverDue() == 200)
            #expect(Set(spos.taken).count == 200 && spos.attempts.count == 200)
            for instance in 0..<5 { #expect(spos.taken.filter { $0.hasPrefix("\(instance)/") } == (0..<40).map { "\(instance)/\($0)" }) }
            #expect(try await delivery.deliverDue() == 0 && spos.attempts.count == 200)
            let standing = try await bench.outbox.standing()
            #expect(standing.waiting == 0 && standing.delivered == 200 && standing.dead == 0 && standing.oldest == nil)
        }
    }

    @Test("commits are shared: a wave of deliveries costs two")
    func commits() async throws {
        try await withOutbox(OutboxSettings(parallel: 50)) { bench in
            bench.spos("s")
            for number in 0..<100 { _ = try await bench.put("\(number)", instance: "\(number)") }
            let before = bench.store.statistics.commits
            #expect(try await bench.delivery().deliverDue() == 100)
            // Two waves, and a look that finds nothing.
            #expect(bench.store.statistics.commits - before <= 5)
        }
    }

    @Test("the same result twice is one result")
    func repeated() async throws {
        try await withOutbox { bench in
            let spos = bench.spos("s")
            for _ in 0..<2 {
                let isKept = try await bench.put("a")
                #expect(isKept)
            }
            #expect(try await bench.delivery().deliverDue() == 1 && spos.attempts == ["a"])
        }
    }

    @Test("pauses double while a SPOS is away, one result tries for all; then everything goes, in order")
    func away() async throws {
        try await withOutbox(OutboxSettings(firstDelay: 1, longestDelay: 900)) { bench in
            let spos = bench.spos("s")
            spos.answers { _ in .unavailable(reason: "cannot connect: nobody listens") }
            for number in 0..<100 { _ = try await bench.put("\(number)", instance: "\(number % 10)") }
            let delivery = bench.delivery()
            #expect(try await delivery.deliverDue() == 0)
            // The first wave: the oldest of each instance.
            #expect(spos.attempts.count == 10)
            var (waited, attempts) = (0.0, 10)
            for pause in [1.0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900] {
                bench.clock.advance(by: pause - 0.01)
                _ = try await delivery.deliverDue()
                #expect(spos.attempts.count == attempts, "before \(pause) s are over")
                bench.clock.advance(by: 0.02)
                _ = try await delivery.deliverDue()
                attempts += 1
                #expect(spos.attempts.count == attempts, "after \(pause) s")
                waited += pause
            }
            #expect(waited > 3600)
            #expect(try await bench.outbox.standing().waiting == 100)
            spos.answers(nil)
            for _ in 0..<3 {
                bench.clock.advance(by: 901)
                _ = try await delivery.deliverDue()
            }
            #expect(spos.taken.count == 100 && Set(spos.taken).count == 100)
            for instance in 0..<10 { #expect(spos.taken.filter { Int($0)! % 10 == instance } == (0..<10).map { "\($0 * 10 + instance)" }) }
            #expect(bench.logs.lines.contains { $0.contains("nobody listens") && $0.contains("was not accepted") })
        }
    }

    @Test("a SPOS that hangs holds up its own Service alone")
    func slow() async throws {
        try await withOutbox { bench in
            let (slow, quick) = (bench.spos("slow"), bench.spos("quick"))
            let (release, waiting) = AsyncStream.makeStream(of: Void.self)
            slow.answers { _ in
                for await _ in release { break }
                return .accepted
            }
            _ = try await bench.put("a", instance: "a", service: "slow")
            let delivery = bench.delivery()
            async let hanging = delivery.deliverDue()
            while slow.attempts.isEmpty { await Task.yield() }
            for number in 0..<50 {
                _ = try await bench.put("\(number)", instance: "\(number)", service: "quick", owner: "other")
                #expect(try await delivery.deliverDue() == 1)
            }
            #expect(quick.taken.count == 50 && slow.taken.isEmpty)
            waiting.finish()
            #expect(try await hanging == 1 && slow.taken == ["a"])
        }
    }

    @Test("one provider's many Services do not take all places")
    func servicesPerProvider() async throws {
        try await withOutbox(OutboxSettings(servicesPerProvider: 2)) { bench in
            for number in 0..<10 {
                bench.spos("s\(number)")
                _ = try await bench.put("\(number)", instance: "\(number)", service: "s\(number)", owner: "many")
            }
            bench.spos("one")
            _ = try await bench.put("x", instance: "x", service: "one", owner: "few")
            let due = try await bench.delivery().dueServices()
            #expect(due.count { $0.owner == "many" } == 2 && due.count { $0.owner == "few" } == 1)
        }
    }

    @Test("a result that is refused waits alone: its instance's later ones behind it, others go on")
    func refused() async throws {
        try await withOutbox { bench in
            let spos = bench.spos("s")
            spos.answers { $0.id == "bad" ? .refused(status: 422) : .accepted }
            for (id, instance) in [("bad", "i"), ("behind", "i"), ("other", "j")] { _ = try await bench.put(id, instance: instance) }
            let delivery = bench.delivery()
            #expect(try await delivery.deliverDue() == 1 && spos.taken == ["other"])
            _ = try await bench.put("later", instance: "j")
            #expect(try await delivery.deliverDue() == 1 && spos.taken == ["other", "later"])
            let letter = try #require(try await bench.outbox.letter("bad"))
            #expect(letter.attempts == 1 && letter.lastError?.contains("422") == true && letter.due != nil)
            spos.answers(nil)
            bench.clock.advance(by: 2)
            #expect(try await delivery.deliverDue() == 2 && spos.taken == ["other", "later", "bad", "behind"])
        }
    }

    @Test("one result that breaks the SPOS (500) does not keep the others")
    func poison() async throws {
        try await withOutbox { bench in
            let spos = bench.spos("s")
            spos.answers { $0.id == "poison" ? .unavailable(reason: "it answers 500") : .accepted }
            _ = try await bench.put("poison", instance: "p")
            let delivery = bench.delivery()
            #expect(try await delivery.deliverDue() == 0)
            for number in 0..<20 { _ = try await bench.put("\(number)", instance: "\(number)") }
            bench.clock.advance(by: 5)
            for _ in 0..<3 {
                _ = try await delivery.deliverDue()
                bench.clock.advance(by: 5)
            }
            #expect(Set(spos.taken) == Set((0..<20).map { "\($0)" }))
        }
    }

    @Test("Retry-After is heeded")
    func retryAfter() async throws {
        try await withOutbox { bench in
            let spos = bench.spos("s")
            spos.answers { _ in .unavailable(reason: "it answers 429", retryAfter: 120) }
            _ = try await bench.put("a")
            let delivery = bench.delivery()
            _ = try await delivery.deliverDue()
            spos.answers(nil)
            bench.clock.advance(by: 119)
            #expect(try await delivery.deliverDue() == 0)
            bench.clock.advance(by: 2)
            #expect(try await delivery.deliverDue() == 1)
        }
    }
}
