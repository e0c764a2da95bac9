import Synchronization

/// Lets one task at a time through for each key, in the order of arrival. What happens inside may suspend, which a mutex does not allow.
public final class AsyncGate: Sendable {
    /// A key is there while somebody is inside; the value is who waits for it.
    private let waiting = Mutex<[String: [CheckedContinuation<Void, Never>]]>([:])

    public init() {}

    /// Every `enter` is followed by one `leave` with the same key.
    /// - Parameter key: left out where the gate guards one thing.
    public func enter(_ key: String = "") async {
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

    public func leave(_ key: String = "") {
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
}
