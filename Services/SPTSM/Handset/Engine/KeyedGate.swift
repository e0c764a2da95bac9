/// Lets one task at a time through per key; others wait in order.
///
/// Two requests on one dialog or instance must not interleave between their reads and writes of its record.
actor KeyedGate {
    private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]

    func enter(_ key: String) async {
        if waiting[key] == nil {
            waiting[key] = []
            return
        }
        await withCheckedContinuation { waiting[key, default: []].append($0) }
    }

    func leave(_ key: String) {
        guard var queue = waiting[key] else { return }
        if queue.isEmpty {
            waiting[key] = nil
        } else {
            let next = queue.removeFirst()
            waiting[key] = queue
            next.resume()
        }
    }

    nonisolated func pass<Value: Sendable, Failure: Error>(_ key: String, _ body: () async throws(Failure) -> Value) async throws(Failure) -> Value {
        await enter(key)
        do throws(Failure) {
            let value = try await body()
            await leave(key)
            return value
        } catch {
            await leave(key)
            throw error
        }
    }
}
