import CPCSC
import GlobalPlatform
import Synchronization

/// A component in a PC/SC reader, spoken to in T=1 or T=0. It has a context and a thread of its own, so that a slow component holds up no other.
final class PCSCConnection: CardConnection {
    private struct Link {
        var handle: SCARDHANDLE
        var transmission: TransmissionProtocol
        var isConnected = true
    }

    private let context: PCSCContext
    private let queue: BlockingQueue
    private let reader: String
    private let options: PCSCOptions
    /// Held by the queue's thread during calls that block.
    private let link: Mutex<Link>
    /// Set when a call did not come back in time; asked without waiting for it.
    private let isAbandoned = Mutex(false)
    let atr: [UInt8]

    private init(_ context: PCSCContext, _ queue: BlockingQueue, _ reader: String, _ options: PCSCOptions, _ link: Link, _ atr: [UInt8]) {
        self.context = context
        self.queue = queue
        self.reader = reader
        self.options = options
        self.atr = atr
        self.link = Mutex(link)
    }

    deinit {
        link.withLock { link in
            if link.isConnected { SCardDisconnect(link.handle, DWORD(SCARD_LEAVE_CARD)) }
        }
    }

    /// - Throws: `readerNotFound`, `notPresent`, `channelNotAvailable` while another program holds the reader for itself, `serviceUnavailable`.
    static func connect(reader: String, options: PCSCOptions) async throws(SecureComponentError) -> PCSCConnection {
        let queue = BlockingQueue(label: "pcsc \(reader)")
        return try await queue.run {
            PCSCContext.establish().flatMap { context in
                var result = open(context, queue, reader, options)
                // Another program may reset the component before we have asked for its state.
                for _ in 0..<3 {
                    guard case .failure(.componentLost) = result else { break }
                    result = open(context, queue, reader, options)
                }
                return result
            }
        }
    }

    private static func open(_ context: PCSCContext, _ queue: BlockingQueue, _ reader: String, _ options: PCSCOptions) -> Result<PCSCConnection, SecureComponentError> {
        var handle = SCARDHANDLE()
        var active = DWORD()
        let share = options.sharing == .exclusive ? SCARD_SHARE_EXCLUSIVE : SCARD_SHARE_SHARED
        let status = PCSCStatus(SCardConnect(context.handle, reader, DWORD(share), bothProtocols, &handle, &active))
        guard status == .success else { return .failure(status.error("connect", reader: reader)) }
        var nameLength = DWORD()
        var state = DWORD()
        var negotiated = DWORD()
        var answer = [UInt8](repeating: 0, count: 33)
        var answerLength = DWORD(answer.count)
        let read = PCSCStatus(SCardStatus(handle, nil, &nameLength, &state, &negotiated, &answer, &answerLength))
        guard read == .success || read == .insufficientBuffer else {
            SCardDisconnect(handle, DWORD(SCARD_LEAVE_CARD))
            return .failure(read.error("card status", reader: reader))
        }
        let link = Link(handle: handle, transmission: TransmissionProtocol(active: active))
        return .success(PCSCConnection(context, queue, reader, options, link, Array(answer.prefix(Int(answerLength)))))
    }

    private static let bothProtocols = DWORD(SCARD_PROTOCOL_T0) | DWORD(SCARD_PROTOCOL_T1)

    func transmit(_ command: [UInt8]) async throws(SecureComponentError) -> [UInt8] {
        let timedOut = SecureComponentError.componentLost("reader \(reader) did not answer a command in time; what the command did is unknown")
        return try await onLink(within: options.commandLimit, timedOut: timedOut) { [context, reader] link -> Result<[UInt8], SecureComponentError> in
            let bytes: [UInt8]
            do throws(SecureComponentError) { bytes = try link.transmission.outgoing(command) } catch { return .failure(error) }
            var control = SCARD_IO_REQUEST()
            control.dwProtocol = numericCast(link.transmission.identifier)
            control.cbPciLength = numericCast(MemoryLayout<SCARD_IO_REQUEST>.size)
            var answer = [UInt8](repeating: 0, count: 65538)
            var length = DWORD(answer.count)
            let status = PCSCStatus(SCardTransmit(link.handle, &control, bytes, numericCast(bytes.count), nil, &answer, &length))
            // Some drivers report a card that was pulled as a success without an answer.
            if status == .success, length >= 2 || !Self.isGone(reader, context) { return .success(Array(answer.prefix(Int(length)))) }
            guard status == .success || !status.endsConnection && Self.isGone(reader, context) else { return .failure(status.connectionError("transmit", reader: reader)) }
            return .failure(.componentLost("the component was taken out of reader \(reader) during a command; what the command did is unknown"))
        }
    }

    /// Whether the component left while a command was under way. The daemon looks only every 0.4 s, so it is given a second to notice.
    private static func isGone(_ reader: String, _ context: PCSCContext) -> Bool {
        guard case .success(let state) = context.state(of: reader) else { return true }
        guard state.isCardPresent else { return true }
        guard case .success(let later) = context.statusChange([state], within: 1000), let last = later.first else { return true }
        return !last.isCardPresent || last.movements != state.movements
    }

    func beginTransaction() async throws(SecureComponentError) {
        // Who is alone needs none.
        guard options.sharing == .shared else { return }
        let timedOut = SecureComponentError.channelNotAvailable("another program kept reader \(reader) for itself for too long")
        try await onLink(within: options.transactionLimit, timedOut: timedOut, afterwards: SCARD_LEAVE_CARD) { [reader] link -> Result<Void, SecureComponentError> in
            let status = PCSCStatus(SCardBeginTransaction(link.handle))
            return status == .success ? .success(()) : .failure(status.connectionError("begin transaction", reader: reader))
        }
    }

    func endTransaction() async {
        guard options.sharing == .shared, !isAbandoned.withLock({ $0 }) else { return }
        // A card that is gone has no transaction left; the next command reports the loss.
        try? await queue.run { [self] in
            link.withLock { link in
                if link.isConnected { SCardEndTransaction(link.handle, DWORD(SCARD_LEAVE_CARD)) }
            }
            return .success(())
        }
    }

    func reset() async throws(SecureComponentError) { try await reconnect(DWORD(SCARD_RESET_CARD), "reset") }

    /// Cold reset: power off and on again.
    func powerCycle() async throws(SecureComponentError) { try await reconnect(DWORD(SCARD_UNPOWER_CARD), "power cycle") }

    private func reconnect(_ initialization: DWORD, _ name: String) async throws(SecureComponentError) {
        let timedOut = SecureComponentError.componentLost("reader \(reader) did not finish a \(name) in time")
        try await onLink(within: options.commandLimit, timedOut: timedOut) { [reader, options] link -> Result<Void, SecureComponentError> in
            var active = DWORD()
            let share = options.sharing == .exclusive ? SCARD_SHARE_EXCLUSIVE : SCARD_SHARE_SHARED
            let status = PCSCStatus(SCardReconnect(link.handle, DWORD(share), Self.bothProtocols, initialization, &active))
            guard status == .success else { return .failure(status.connectionError(name, reader: reader)) }
            link.transmission = TransmissionProtocol(active: active)
            return .success(())
        }
    }

    func disconnect() async {
        // A call that does not come back cannot be waited for; what is left is done when it does.
        guard !isAbandoned.withLock({ $0 }) else { return }
        try? await queue.run { [self] in
            link.withLock { Self.close(&$0, DWORD(SCARD_LEAVE_CARD)) }
            return .success(())
        }
    }

    private static func close(_ link: inout Link, _ disposition: DWORD) {
        guard link.isConnected else { return }
        link.isConnected = false
        SCardDisconnect(link.handle, disposition)
    }

    /// - Parameter disposition: what becomes of the component when a call that was given up ends after all. After a command nobody knows what
    ///   state it is in, so it is reset.
    private func onLink<Value: Sendable>(
        within limit: Duration?, timedOut: SecureComponentError, afterwards disposition: Int32 = SCARD_RESET_CARD,
        _ body: @escaping @Sendable (inout Link) -> Result<Value, SecureComponentError>
    ) async throws(SecureComponentError) -> Value {
        let lost = SecureComponentError.componentLost("reader \(reader) was disconnected")
        if isAbandoned.withLock({ $0 }) { throw lost }
        do throws(SecureComponentError) {
            let late: @Sendable (Result<Value, SecureComponentError>) -> Void = { [self] _ in link.withLock { Self.close(&$0, DWORD(disposition)) } }
            return try await queue.run(within: limit, timedOut: timedOut, late: late) { [self] in
                link.withLock { link in link.isConnected ? body(&link) : .failure(lost) }
            }
        } catch {
            if error == timedOut { isAbandoned.withLock { $0 = true } }
            throw error
        }
    }
}
