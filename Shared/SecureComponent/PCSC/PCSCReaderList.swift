import Synchronization

/// The daemon's list of readers, over a context that is made anew after the daemon was.
final class PCSCReaderList: Sendable {
    private let context: Mutex<PCSCContext>
    private let queue = BlockingQueue(label: "pcsc readers")

    /// - Throws: `serviceUnavailable` when no daemon answers.
    init() throws(SecureComponentError) {
        context = Mutex(try PCSCContext())
    }

    /// Names of all readers.
    func names() async throws(SecureComponentError) -> [String] {
        try await queue.run { [self] in validContext().flatMap { $0.readerNames() } }
    }

    /// All readers with what is in them.
    func states() async throws(SecureComponentError) -> [ReaderState] {
        try await queue.run { [self] in
            validContext().flatMap { context in
                context.readerNames().flatMap { names in
                    names.isEmpty ? .success([]) : context.statusChange(names.map { ReaderState(name: $0, flags: 0) }, within: 0)
                }
            }
        }
    }

    private func validContext() -> Result<PCSCContext, SecureComponentError> {
        let current = context.withLock { $0 }
        if current.isValid, case .success = current.readerNames() { return .success(current) }
        return PCSCContext.establish().map { fresh in
            context.withLock { $0 = fresh }
            return fresh
        }
    }
}
