import Foundation

/// Keeps two programs from using one card's state file at a time.
final class CardLock: Sendable {
    private let descriptor: Int32

    /// Waits for a while for another program to finish.
    /// - Throws: ``ToolFailure`` when the card stays in use.
    init(path: String, patience: Duration = .seconds(10)) async throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ToolFailure("\(path) cannot be opened: \(String(cString: strerror(errno)))") }
        let deadline = ContinuousClock.now + patience
        var pause = BackOff()
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let isInUse = errno == EWOULDBLOCK
            var goesOn = isInUse && ContinuousClock.now < deadline
            if goesOn { goesOn = await pause.wait() }
            guard goesOn else { throw ToolFailure("\(path): the card is in use by another program") }
        }
    }

    // Closing gives the lock back.
    deinit { close(descriptor) }
}
