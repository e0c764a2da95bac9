import Dispatch

/// A card in a slot of vsmartcard's virtual reader: to every PC/SC program it is a card in a reader.
///
/// The card is the client: it connects to the reader's port and waits to be spoken to. A thread of its own serves it, since the card
/// answers in microseconds and the way through an executor would cost more than the answer.
public final class VPCDAttachment: Sendable {
    public static let defaultHost = "127.0.0.1"
    /// Of the first slot; the second has the next one.
    public static let defaultPort: UInt16 = 35963

    public enum End: Hashable, Sendable {
        /// The reader, or its daemon, is gone.
        case readerClosed
        /// `detach` was called, or the task cancelled.
        case detached
    }

    private let card: any AttachableCard
    private let socket: StreamSocket

    /// Inserts the card.
    /// - Throws: `readerUnreachable`.
    public init(_ card: any AttachableCard, host: String = defaultHost, port: UInt16 = defaultPort) throws(AttachmentError) {
        self.card = card
        socket = try StreamSocket(connectingTo: host, port: port)
    }

    /// Serves the reader until one side ends it. To be called once.
    /// - Throws: what the reader did wrong, or why the card vanished.
    public func run() async throws(AttachmentError) -> End {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue(label: "vpcd card").async { [self] in
                    let result = serve()
                    socket.shutdown()
                    continuation.resume(returning: result)
                }
            }
        } onCancel: {
            detach()
        }
        return try result.get()
    }

    /// Pulls the card.
    public func detach() { socket.shutdown() }

    private func serve() -> Result<End, AttachmentError> {
        var slot = CardSlot(card)
        do throws(AttachmentError) {
            while true {
                let bytes = try socket.read()
                guard !bytes.isEmpty else {
                    if socket.isShutDown { return .success(.detached) }
                    return slot.isInsideFrame ? .failure(.truncatedFrame) : .success(.readerClosed)
                }
                let answers = try slot.receive(bytes)
                if !answers.isEmpty { try socket.write(answers) }
            }
        } catch {
            return socket.isShutDown ? .success(.detached) : .failure(error)
        }
    }
}
