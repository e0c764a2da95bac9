import Foundation
import Logging
import Synchronization

/// Sets the process's log backend, once.
enum LoggingBootstrap {
    private static let done = Mutex(false)

    /// Later calls change nothing: the first service of a process decides (tests run several in one).
    static func install(_ configuration: LoggingConfiguration, level: Logger.Level?, now: @escaping @Sendable () -> Date) {
        let isFirst = done.withLock { done in
            defer { done = true }
            return !done
        }
        guard isFirst else { return }
        let format: StructuredLogHandler.Format =
            switch configuration.format {
            case .text: .text
            case .json: .json
            case .auto: isatty(STDERR_FILENO) == 1 ? .text : .json
            }
        let threshold = level ?? configuration.level
        LoggingSystem.bootstrap { label in
            StructuredLogHandler(label: label, level: threshold, format: format, now: now, write: writeToStandardError)
        }
    }

    /// One write(2) a line, so that lines of several threads do not mix.
    static let writeToStandardError: @Sendable (String) -> Void = { line in
        var text = line
        text.withUTF8 { buffer in
            var offset = 0
            while offset < buffer.count {
                let count = write(STDERR_FILENO, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
                if count > 0 {
                    offset += count
                } else if count < 0, errno == EINTR {
                    continue
                } else {
                    // Nowhere left to report that reports cannot be written.
                    return
                }
            }
        }
    }
}
