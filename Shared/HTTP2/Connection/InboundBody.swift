import NIOCore
import Synchronization

/// A body that is being received: an asynchronous sequence whose reader gives back the window it has used up.
///
/// Filled on the event loop, read by one task. What is ahead of the reader is bounded by the stream's window.
final class InboundBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    private struct State {
        var buffers: [ByteBuffer] = []
        var start = 0
        var end: Result<HeaderList?, any Error>?
        var reader: CheckedContinuation<ByteBuffer?, any Error>?
        /// Read, window not yet given back.
        var read = 0
        var abandoned = false
    }
    private let state = Mutex(State())
    private let giveBack: @Sendable (Int) -> Void
    private static let giveBackAt = 64 * 1024

    /// - Parameter giveBack: called with numbers of bytes whose window may be given back; from any thread.
    init(giveBack: @escaping @Sendable (Int) -> Void) { self.giveBack = giveBack }

    // MARK: The event loop's side

    func append(_ buffer: ByteBuffer) {
        enum Next { case resume(CheckedContinuation<ByteBuffer?, any Error>), drop, wait }
        let next: Next = state.withLock { state in
            if state.abandoned { return .drop }
            if let reader = state.reader {
                state.reader = nil
                return .resume(reader)
            }
            // Small pieces are put together, so that each does not hold a buffer of its own.
            if let last = state.buffers.indices.last, last >= state.start, buffer.readableBytes < 4096, state.buffers[last].readableBytes < 16384 {
                state.buffers[last].writeImmutableBuffer(buffer)
            } else {
                state.buffers.append(buffer)
            }
            return .wait
        }
        switch next {
        case .resume(let reader):
            giveBack(buffer.readableBytes)
            reader.resume(returning: buffer)
        case .drop: giveBack(buffer.readableBytes)
        case .wait: break
        }
    }

    /// The end, with trailers if there were any. Only the first end counts.
    func finish(_ end: Result<HeaderList?, any Error>) {
        let reader = state.withLock { state -> CheckedContinuation<ByteBuffer?, any Error>? in
            guard state.end == nil else { return nil }
            state.end = end
            if case .failure = end {
                // After a failure the rest is worth nothing.
                state.buffers.removeAll()
                state.start = 0
            }
            defer { state.reader = nil }
            return state.reader
        }
        guard let reader else { return }
        switch end {
        case .success: reader.resume(returning: nil)
        case .failure(let error): reader.resume(throwing: error)
        }
    }

    /// Nobody will read on: what is here and what comes is dropped.
    func abandon() {
        let count = state.withLock { state -> Int in
            state.abandoned = true
            var count = state.read
            for buffer in state.buffers[state.start...] { count += buffer.readableBytes }
            state.buffers.removeAll()
            state.start = 0
            state.read = 0
            return count
        }
        if count > 0 { giveBack(count) }
    }

    /// The trailers, once the end has come.
    var trailers: HeaderList? {
        state.withLock { state in
            if case .success(let trailers) = state.end { return trailers }
            return nil
        }
    }

    // MARK: The reader's side

    struct AsyncIterator: AsyncIteratorProtocol {
        let body: InboundBody
        mutating func next() async throws -> ByteBuffer? { try await body.next() }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }

    private func next() async throws -> ByteBuffer? {
        enum Next { case buffer(ByteBuffer, giveBack: Int), end, failure(any Error), wait }
        func take(_ state: inout State) -> Next {
            if state.start < state.buffers.count {
                let buffer = state.buffers[state.start]
                state.buffers[state.start] = ByteBuffer()
                state.start += 1
                if state.start == state.buffers.count {
                    state.buffers.removeAll(keepingCapacity: true)
                    state.start = 0
                }
                state.read += buffer.readableBytes
                guard state.read >= Self.giveBackAt || state.buffers.isEmpty else { return .buffer(buffer, giveBack: 0) }
                defer { state.read = 0 }
                return .buffer(buffer, giveBack: state.read)
            }
            switch state.end {
            case .success: return .end
            case .failure(let error): return .failure(error)
            case nil: return .wait
            }
        }
        switch state.withLock({ take(&$0) }) {
        case .buffer(let buffer, let count):
            if count > 0 { giveBack(count) }
            return buffer
        case .end: return nil
        case .failure(let error): throw error
        case .wait: break
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<ByteBuffer?, any Error>) in
                let cancelled = Task.isCancelled
                let next = state.withLock { state -> Next in
                    if cancelled { return .failure(CancellationError()) }
                    let next = take(&state)
                    if case .wait = next {
                        // A second reader at the same time is a mistake of the caller's: the first one is told.
                        if let other = state.reader { other.resume(throwing: CancellationError()) }
                        state.reader = continuation
                    }
                    return next
                }
                switch next {
                case .buffer(let buffer, let count):
                    if count > 0 { giveBack(count) }
                    continuation.resume(returning: buffer)
                case .end: continuation.resume(returning: nil)
                case .failure(let error): continuation.resume(throwing: error)
                case .wait: break
                }
            }
        } onCancel: {
            let reader = state.withLock { state -> CheckedContinuation<ByteBuffer?, any Error>? in
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume(throwing: CancellationError())
        }
    }
}
