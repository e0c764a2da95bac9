import Foundation
import GlobalPlatform
import Synchronization

/// Writes a dialog down while it happens, line by line, so that what was said before a crash is there.
public final class TranscriptRecorder: Sendable {
    private struct State {
        var mask = SecretMask()
        var hasHeader = false
        /// Resets before anything was said, and several in a row, say nothing.
        var isFresh = true
        var failure: String?
    }

    private let about: String
    private let now: @Sendable () -> Date
    private let write: @Sendable (String) throws -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - about: one line for people: which component, which program.
    ///   - write: stores one line, which ends with a line feed; called one at a time.
    public init(about: String, now: @escaping @Sendable () -> Date, write: @escaping @Sendable (String) throws -> Void) {
        self.about = about
        self.now = now
        self.write = write
    }

    /// Writes to a file for its owner only; one that exists is overwritten.
    /// - Throws: ``TranscriptError`` when it cannot be made.
    public convenience init(about: String, path: String, now: @escaping @Sendable () -> Date = { Date() }) throws(TranscriptError) {
        guard FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]), let handle = FileHandle(forWritingAtPath: path) else {
            throw TranscriptError(line: 0, "\(path) cannot be written")
        }
        self.init(about: about, now: now) { try handle.write(contentsOf: Data($0.utf8)) }
    }

    /// Why the transcript is not complete; nil while it is.
    public var failure: String? { state.withLock { $0.failure } }

    /// - Parameter failure: why there is no response.
    public func note(atr: [UInt8], command: [UInt8], response: [UInt8], failure: Transcript.Failure? = nil) {
        state.withLock { state in
            let exchange = state.mask.mask(command: command, response: response)
            if !state.hasHeader { line(&state) { try header(atr) } }
            state.hasHeader = true
            state.isFresh = false
            line(&state) { TranscriptLine.text(exchange, failure) }
        }
    }

    public func noteReset() {
        state.withLock { state in
            state.mask.reset()
            guard !state.isFresh else { return }
            state.isFresh = true
            line(&state) { TranscriptLine.reset }
        }
    }

    private func header(_ atr: [UInt8]) throws -> String {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let header = Transcript.Header(atr: atr, about: about, recorded: now().formatted(style))
        return String(decoding: try encoder.encode(header), as: UTF8.self)
    }

    private func line(_ state: inout State, _ text: () throws -> String) {
        guard state.failure == nil else { return }
        do { try write(try text() + "\n") } catch { state.failure = "the transcript cannot be written: \(error.localizedDescription)" }
    }
}

extension Transcript.Failure {
    /// nil: the command did not go out at all, so there is nothing to record.
    init?(_ error: SecureComponentError) {
        switch error {
        case .componentLost: self = .componentLost
        case .transmitFailed: self = .transmitFailed
        default: return nil
        }
    }
}
