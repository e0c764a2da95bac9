/// Keeps orders for one secure component apart: two secure channels on one security domain would end each other.
actor OrderGate {
    private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]

    func enter(_ reader: String) async {
        if waiting[reader] == nil {
            waiting[reader] = []
        } else {
            await withCheckedContinuation { waiting[reader, default: []].append($0) }
        }
    }

    func leave(_ reader: String) {
        guard var queue = waiting[reader] else { return }
        if queue.isEmpty {
            waiting[reader] = nil
        } else {
            let next = queue.removeFirst()
            waiting[reader] = queue
            next.resume()
        }
    }
}
