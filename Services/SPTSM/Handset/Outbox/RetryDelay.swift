/// Pauses between attempts: exponential, with jitter, so that what failed together does not come back together. Pure.
struct RetryDelay: Sendable, Hashable {
    var first: Double
    var longest: Double

    init(_ settings: OutboxSettings) {
        first = settings.firstDelay
        longest = settings.longestDelay
    }

    /// - Parameters:
    ///   - failures: in a row, 1 or more.
    ///   - random: two bytes or more; where in the upper half of the pause it ends.
    ///   - asked: what the other side wants (Retry-After), in seconds.
    /// - Returns: seconds, at most `longest`.
    func pause(after failures: Int, random: [UInt8], asked: Double? = nil) -> Double {
        // Beyond 2^40 every pause is the longest.
        let whole = min(longest, first * Double(UInt64(1) << UInt64(min(max(failures, 1) - 1, 40))))
        let share = random.prefix(2).reduce(0.0) { $0 * 256 + Double($1) } / 65_535
        return min(longest, max(whole * (0.5 + 0.5 * share), asked ?? 0))
    }
}
