import Crypto
import Foundation
import Synchronization

/// Remembers identifiers that must be used once only.
public protocol ReplayCache: Sendable {
    /// - Parameters:
    ///   - owner: whose identifier it is (a key's thumbprint); identifiers of different owners are different.
    ///   - expiry: until when it must be remembered.
    func insert(_ identifier: String, owner: String, expiry: Date, now: Date) -> ReplayOutcome
}

public enum ReplayOutcome: Sendable, Hashable {
    case fresh
    case replayed
    /// No room: the request must be refused, since its repetition could not be recognised.
    case full
}

/// Bounded, in memory. A restart forgets it, so a verifier's window also bounds what a restart may let through.
public final class MemoryReplayCache: ReplayCache {
    private struct Entry: Hashable {
        // 16 bytes of a digest: fixed size, whatever was sent.
        let high: UInt64
        let low: UInt64
    }

    private struct State {
        var expiries: [Entry: Double] = [:]
        var owners: [Entry: String] = [:]
        var counts: [String: Int] = [:]
        var nextSweep: Double = 0
    }

    private let capacity: Int
    private let perOwner: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - capacity: of all owners together.
    ///   - perOwner: so that one device cannot fill the cache for the others.
    public init(capacity: Int = 200_000, perOwner: Int = 2_000) {
        self.capacity = capacity
        self.perOwner = perOwner
    }

    public var count: Int { state.withLock { $0.expiries.count } }

    public func insert(_ identifier: String, owner: String, expiry: Date, now: Date) -> ReplayOutcome {
        let entry = Self.entry(identifier, owner)
        let time = now.timeIntervalSince1970
        return state.withLock { state in
            if let known = state.expiries[entry], known >= time { return .replayed }
            if time >= state.nextSweep || state.expiries.count >= capacity || state.counts[owner, default: 0] >= perOwner {
                Self.sweep(&state, time)
            }
            // What the sweep left is alive; an expired repetition was removed by it or is replaced here.
            guard state.expiries.count < capacity, state.counts[owner, default: 0] < perOwner else { return .full }
            if state.expiries.updateValue(expiry.timeIntervalSince1970, forKey: entry) == nil {
                state.owners[entry] = owner
                state.counts[owner, default: 0] += 1
            }
            return .fresh
        }
    }

    /// At most once a second of the caller's clock, so that a full cache does not cost a sweep per request.
    private static func sweep(_ state: inout State, _ time: Double) {
        guard time >= state.nextSweep else { return }
        state.nextSweep = time + 1
        for (entry, expiry) in state.expiries where expiry < time {
            state.expiries[entry] = nil
            guard let owner = state.owners.removeValue(forKey: entry) else { continue }
            let left = state.counts[owner, default: 1] - 1
            state.counts[owner] = left > 0 ? left : nil
        }
    }

    private static func entry(_ identifier: String, _ owner: String) -> Entry {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for (index, byte) in SHA256.hash(data: Array((owner + "\u{0}" + identifier).utf8)).prefix(16).enumerated() {
            if index < 8 { high = high << 8 | UInt64(byte) } else { low = low << 8 | UInt64(byte) }
        }
        return Entry(high: high, low: low)
    }
}
