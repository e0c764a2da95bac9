import CPCSC
import GlobalPlatform
import Synchronization

/// A component in a PC/SC reader, shared with other programs, spoken to in T=1 or T=0.
final class PCSCConnection: CardConnection {
    private struct Link {
        var handle: SCARDHANDLE
        /// 1: T=0, 2: T=1.
        var activeProtocol: DWORD
        var isConnected = true
    }

    private let context: PCSCContext
    private let reader: String
    private let link: Mutex<Link>
    let atr: [UInt8]

    private init(context: PCSCContext, reader: String, handle: SCARDHANDLE, activeProtocol: DWORD, atr: [UInt8]) {
        self.context = context
        self.reader = reader
        self.atr = atr
        link = Mutex(Link(handle: handle, activeProtocol: activeProtocol))
    }

    deinit {
        link.withLock { link in
            if link.isConnected { SCardDisconnect(link.handle, 0 /* SCARD_LEAVE_CARD */) }
        }
    }

    static func connect(_ context: PCSCContext, reader: String) -> Result<PCSCConnection, SecureComponentError> {
        var handle = SCARDHANDLE()
        var active = DWORD()
        // Shared, T=0 or T=1.
        let status = PCSCStatus(SCardConnect(context.handle, reader, 2, 3, &handle, &active))
        guard status == .success else { return .failure(status.error("connect", reader: reader)) }
        var nameLength = DWORD()
        var state = DWORD()
        var negotiated = DWORD()
        var answer = [UInt8](repeating: 0, count: 33)
        var answerLength = DWORD(answer.count)
        let read = PCSCStatus(SCardStatus(handle, nil, &nameLength, &state, &negotiated, &answer, &answerLength))
        guard read == .success || read == .insufficientBuffer else {
            SCardDisconnect(handle, 0)
            return .failure(read.error("card status", reader: reader))
        }
        let atr = Array(answer.prefix(Int(answerLength)))
        return .success(PCSCConnection(context: context, reader: reader, handle: handle, activeProtocol: active, atr: atr))
    }

    func transmit(_ command: [UInt8]) async throws(SecureComponentError) -> [UInt8] {
        try await onLink { [reader] (link: inout Link) -> Result<[UInt8], SecureComponentError> in
            var control = SCARD_IO_REQUEST()
            control.dwProtocol = link.activeProtocol
            control.cbPciLength = numericCast(MemoryLayout<SCARD_IO_REQUEST>.size)
            let bytes = link.activeProtocol == 1 ? Self.withoutLe(command) : command
            var answer = [UInt8](repeating: 0, count: 65538)
            var length = DWORD(answer.count)
            let status = PCSCStatus(SCardTransmit(link.handle, &control, bytes, numericCast(bytes.count), nil, &answer, &length))
            guard status == .success else { return .failure(status.error("transmit", reader: reader)) }
            return .success(Array(answer.prefix(Int(length))))
        }
    }

    /// T=0 has no Le beside command data: the component announces its data by 61xx (ISO/IEC 7816-3, 12.2.5).
    static func withoutLe(_ command: [UInt8]) -> [UInt8] {
        guard command.count > 5, command[4] != 0, command.count == 6 + Int(command[4]) else { return command }
        return Array(command.dropLast())
    }

    func beginTransaction() async throws(SecureComponentError) {
        try await onLink { [reader] (link: inout Link) -> Result<Void, SecureComponentError> in
            let status = PCSCStatus(SCardBeginTransaction(link.handle))
            return status == .success ? .success(()) : .failure(status.error("begin transaction", reader: reader))
        }
    }

    func endTransaction() async {
        // A card that is gone has no transaction left; the next command reports the loss.
        try? await onLink { (link: inout Link) -> Result<Void, SecureComponentError> in
            SCardEndTransaction(link.handle, 0 /* SCARD_LEAVE_CARD */)
            return .success(())
        }
    }

    func reset() async throws(SecureComponentError) {
        try await onLink { [reader] (link: inout Link) -> Result<Void, SecureComponentError> in
            var active = DWORD()
            // Shared, T=0 or T=1, SCARD_RESET_CARD.
            let status = PCSCStatus(SCardReconnect(link.handle, 2, 3, 1, &active))
            guard status == .success else { return .failure(status.error("reset", reader: reader)) }
            link.activeProtocol = active
            return .success(())
        }
    }

    func disconnect() async {
        try? await onLink { (link: inout Link) -> Result<Void, SecureComponentError> in
            link.isConnected = false
            SCardDisconnect(link.handle, 0 /* SCARD_LEAVE_CARD */)
            return .success(())
        }
    }

    private func onLink<Value: Sendable>(
        _ body: @escaping @Sendable (inout Link) -> Result<Value, SecureComponentError>
    ) async throws(SecureComponentError) -> Value {
        try await context.queue.run { [self] in
            link.withLock { link in
                guard link.isConnected else { return .failure(.componentLost("reader \(reader) was disconnected")) }
                return body(&link)
            }
        }
    }
}
