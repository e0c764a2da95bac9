import DeploymentDocument
import Synchronization

/// The clients of SPOSes in use, made when first needed, again when the configuration changes, and given up when others are used more lately.
final class SPOSDirectory: Sendable {
    /// Of one SPOS: what a changed SposConfig changes.
    private struct Key: Hashable {
        var url: String
        var certificatePEM: String
    }
    private struct Entry {
        var sender: any ResultSender
        var used: UInt64
    }
    private struct State {
        var entries: [Key: Entry] = [:]
        var uses: UInt64 = 0
    }

    private let connect: @Sendable (SposDocument) throws(SPOSTargetError) -> any ResultSender
    private let maximum: Int
    private let state = Mutex(State())

    init(maximum: Int = 256, connect: @escaping @Sendable (SposDocument) throws(SPOSTargetError) -> any ResultSender) {
        self.maximum = maximum
        self.connect = connect
    }

    func sender(_ document: SposDocument) throws(SPOSTargetError) -> any ResultSender {
        let key = Key(url: document.url, certificatePEM: document.certificatePEM)
        if let known = use(key) { return known }
        // It connects when it first sends: one that is made in vain has cost nothing.
        let made = try connect(document)
        let (sender, idle) = state.withLock { state -> (any ResultSender, (any ResultSender)?) in
            state.uses += 1
            if let known = state.entries[key] { return (known.sender, nil) }
            var idle: (any ResultSender)?
            if state.entries.count >= maximum, let oldest = state.entries.min(by: { $0.value.used < $1.value.used }) {
                idle = oldest.value.sender
                state.entries[oldest.key] = nil
            }
            state.entries[key] = Entry(sender: made, used: state.uses)
            return (made, idle)
        }
        // What it still sends it sends to the end.
        if let idle { Task { await idle.shutdown() } }
        return sender
    }

    private func use(_ key: Key) -> (any ResultSender)? {
        state.withLock { state in
            state.uses += 1
            state.entries[key]?.used = state.uses
            return state.entries[key]?.sender
        }
    }

    func shutdown() async {
        let senders = state.withLock { state in
            defer { state.entries = [:] }
            return state.entries.values.map(\.sender)
        }
        await withTaskGroup(of: Void.self) { group in
            for sender in senders { group.addTask { await sender.shutdown() } }
        }
    }
}
