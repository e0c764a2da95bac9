import Synchronization

/// Lets one task at a time through for each key, in the order of arrival: what a request reads and writes of one record must not interleave with
/// another's. What happens inside may suspend, which a mutex does not allow.
public final class KeyedGate: Sendable {
    /// A key is there while somebody is inside; the value is who waits for it.
    private let waiting = Mutex<[String: [CheckedContinuation<Void, Never>]]>([:])

    public init() {}

    /// Every `enter` is followed by one `leave`.
    public func enter(_ key: String) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isFree = waiting.withLock { waiting in
                if waiting[key] == nil {
                    waiting[key] = []
                    return true
                }
                waiting[key]?.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    public func leave(_ key: String) {
        let next = waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
            guard var queue = waiting[key], !queue.isEmpty else {
                waiting[key] = nil
                return nil
            }
            let next = queue.removeFirst()
            waiting[key] = queue
            return next
        }
        next?.resume()
    }

    public func pass<Value: Sendable, Failure: Error>(_ key: String, _ body: () async throws(Failure) -> Value) async throws(Failure) -> Value {
        await enter(key)
        defer { leave(key) }
        return try await body()
    }
}
