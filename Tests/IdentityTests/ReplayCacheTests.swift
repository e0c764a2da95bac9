import Foundation
import Identity
import Testing

@Suite struct ReplayCacheTests {
    static let now = Date(timeIntervalSince1970: 1_900_000_000)

    @Test func remembersUntilExpiry() {
        let cache = MemoryReplayCache()
        #expect(cache.insert("a", owner: "o", expiry: Self.now + 60, now: Self.now) == .fresh)
        #expect(cache.insert("a", owner: "o", expiry: Self.now + 60, now: Self.now + 60) == .replayed)
        #expect(cache.insert("a", owner: "other", expiry: Self.now + 60, now: Self.now) == .fresh)
        #expect(cache.insert("a", owner: "o", expiry: Self.now + 200, now: Self.now + 61) == .fresh)
    }

    @Test func oneOwnerCannotFillItForOthers() {
        let cache = MemoryReplayCache(capacity: 10, perOwner: 3)
        for index in 0..<3 { #expect(cache.insert("\(index)", owner: "o", expiry: Self.now + 60, now: Self.now) == .fresh) }
        #expect(cache.insert("3", owner: "o", expiry: Self.now + 60, now: Self.now) == .full)
        #expect(cache.insert("3", owner: "p", expiry: Self.now + 60, now: Self.now) == .fresh)
        // Room comes back with time.
        #expect(cache.insert("3", owner: "o", expiry: Self.now + 200, now: Self.now + 61) == .fresh)
        #expect(cache.count == 1)
    }

    @Test func capacityHolds() {
        let cache = MemoryReplayCache(capacity: 10, perOwner: 3)
        var full = 0
        for index in 0..<100 where cache.insert("x", owner: "\(index)", expiry: Self.now + 60, now: Self.now) == .full { full += 1 }
        #expect(full == 90)
        #expect(cache.count == 10)
    }
}
