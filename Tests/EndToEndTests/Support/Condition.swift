import Testing

/// Looks again and again, at growing intervals, until something holds.
/// - Returns: what `look` found; nil when the deadline passed.
func wait<Value: Sendable>(upTo patience: Duration, until look: () async throws -> Value?) async throws -> Value? {
    let deadline = ContinuousClock.now + patience
    var pause = Duration.milliseconds(5)
    while true {
        if let value = try await look() { return value }
        guard ContinuousClock.now < deadline else { return nil }
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(250))
    }
}
