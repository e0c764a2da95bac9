import Foundation

/// Admits so many requests a second for each subject, and a burst of them at once. Pure: the time comes in. Bounded: beyond `capacity`
/// subjects those that have rested longest are forgotten, which costs an attacker with many addresses more than it gives him.
struct TokenBuckets: Sendable {
    private struct Bucket {
        var level: Double
        var filled: Date
    }

    let perSecond: Double
    let burst: Double
    let capacity: Int
    private var buckets: [String: Bucket] = [:]

    init(perSecond: Double, burst: Double, capacity: Int = 10_000) {
        self.perSecond = perSecond
        self.burst = burst
        self.capacity = capacity
    }

    /// - Returns: nil when admitted, else the seconds until the next one is.
    mutating func take(_ subject: String, now: Date) -> Int? {
        var bucket = buckets[subject] ?? Bucket(level: burst, filled: now)
        // A clock that was set back must not empty a bucket.
        bucket.level = min(burst, bucket.level + max(0, now.timeIntervalSince(bucket.filled)) * perSecond)
        bucket.filled = now
        defer {
            buckets[subject] = bucket
            if buckets.count > capacity { forget() }
        }
        guard bucket.level >= 1 else { return max(1, Int(((1 - bucket.level) / perSecond).rounded(.up))) }
        bucket.level -= 1
        return nil
    }

    private mutating func forget() {
        let oldest = buckets.sorted { $0.value.filled < $1.value.filled }.prefix(buckets.count / 2)
        for entry in oldest { buckets[entry.key] = nil }
    }
}

/// Counts failures of each subject; after so many within the window it is locked out for a time. Pure and bounded, as above.
struct FailureCount: Sendable {
    private struct Record {
        var failures: Int
        var first: Date
        var lockedUntil: Date?
    }

    let limit: Int
    /// Seconds, of the window and of the lock-out.
    let duration: TimeInterval
    let capacity: Int
    private var records: [String: Record] = [:]

    init(limit: Int, duration: TimeInterval, capacity: Int = 10_000) {
        self.limit = limit
        self.duration = duration
        self.capacity = capacity
    }

    /// - Returns: whether this failure brought the lock-out about.
    mutating func note(_ subject: String, now: Date) -> Bool {
        var record = records[subject] ?? Record(failures: 0, first: now)
        // The lock-out outlasts the window that it began in: what fails meanwhile neither lifts nor prolongs it.
        if let until = record.lockedUntil, until > now { return false }
        if now.timeIntervalSince(record.first) > duration { record = Record(failures: 0, first: now) }
        record.failures += 1
        let isNew = record.failures >= limit && record.lockedUntil == nil
        if isNew { record.lockedUntil = now.addingTimeInterval(duration) }
        records[subject] = record
        if records.count > capacity {
            // Those that are locked out stay longest.
            let oldest = records.sorted { ($0.value.lockedUntil ?? $0.value.first) < ($1.value.lockedUntil ?? $1.value.first) }.prefix(records.count / 2)
            for entry in oldest { records[entry.key] = nil }
        }
        return isNew
    }

    /// Seconds left; nil when not locked out.
    mutating func lockedFor(_ subject: String, now: Date) -> Int? {
        guard let until = records[subject]?.lockedUntil else { return nil }
        guard until > now else {
            records[subject] = nil
            return nil
        }
        return max(1, Int(until.timeIntervalSince(now).rounded(.up)))
    }

    func locked(now: Date) -> [(subject: String, until: Date)] {
        records.compactMap { entry in entry.value.lockedUntil.flatMap { $0 > now ? (entry.key, $0) : nil } }.sorted { $0.subject < $1.subject }
    }

    /// - Returns: false when it was not locked out.
    mutating func release(_ subject: String) -> Bool { records.removeValue(forKey: subject)?.lockedUntil != nil }
}
