import CPCSC
import Dispatch
import Synchronization

/// Tells of readers and components that come and go. It has a thread and a context of its own, since waiting blocks both.
final class ReaderWatch: Sendable {
    /// The daemon's own name for "the list of readers".
    static let listOfReaders = #"\\?PnP?\Notification"#
    /// A cancellation that comes just before the library begins to wait is lost: it is looked for again after this time.
    private static let round = 1000

    private let context: PCSCContext
    private let isCancelled = Mutex(false)
    private let queue = DispatchQueue(label: "pcsc watch")

    init(_ context: PCSCContext) {
        self.context = context
    }

    /// Runs until `stop`, or until the daemon is gone.
    /// - Parameter tell: called on the watch's thread; first with all that is there.
    func start(tell: @escaping @Sendable ([ReaderChange]) -> Void, end: @escaping @Sendable (SecureComponentError?) -> Void) {
        queue.async { [self] in
            switch watch(tell) {
            case .success: end(nil)
            case .failure(let error): end(error)
            }
        }
    }

    func stop() {
        isCancelled.withLock { $0 = true }
        context.cancel()
    }

    private func watch(_ tell: ([ReaderChange]) -> Void) -> Result<Void, SecureComponentError> {
        var list = ReaderState(name: Self.listOfReaders, flags: 0)
        var known: [ReaderState] = []
        while !isCancelled.withLock({ $0 }) {
            let names: [String]
            switch context.readerNames() {
            case .success(let found): names = found
            case .failure(let error): return .failure(error)
            }
            let asked = names.map { name in known.first { $0.name == name } ?? ReaderState(name: name, flags: 0) }
            // First what is there, then wait for what changes.
            let isNew = asked.contains { $0.flags == 0 } || known.count != asked.count
            switch context.statusChange([list] + asked, within: isNew ? 0 : Self.round) {
            case .failure(let error): return .failure(error)
            case .success(let states):
                let present = states.dropFirst().filter(\.isKnown)
                let changes = ReaderChange.between(known, Array(present))
                known = Array(present)
                // The daemon keeps the number of readers in the upper half.
                list = states.first ?? list
                if !changes.isEmpty { tell(changes) }
            }
        }
        return .success(())
    }
}
