import CPCSC

/// A connection to the PC/SC daemon. Calls of one context are made one after the other, as the library wants it.
final class PCSCContext: Sendable {
    let handle: SCARDCONTEXT
    let queue = BlockingQueue(label: "pcsc")

    /// - Throws: `serviceUnavailable` when the daemon does not run.
    init() throws(SecureComponentError) {
        var context = SCARDCONTEXT()
        let status = PCSCStatus(SCardEstablishContext(2 /* SCARD_SCOPE_SYSTEM */, nil, nil, &context))
        guard status == .success else { throw .serviceUnavailable("the PC/SC daemon does not answer: \(status.text)") }
        handle = context
    }

    deinit { SCardReleaseContext(handle) }

    /// Names of all readers; none is not an error.
    func readerNames() -> Result<[String], SecureComponentError> {
        for _ in 0..<3 {
            var length: DWORD = 0
            var status = PCSCStatus(SCardListReaders(handle, nil, nil, &length))
            if status == .noReadersAvailable { return .success([]) }
            guard status == .success else { return .failure(status.error("list readers")) }
            var buffer = [CChar](repeating: 0, count: Int(length))
            status = PCSCStatus(SCardListReaders(handle, nil, &buffer, &length))
            // A reader was plugged in between the two calls.
            if status == .insufficientBuffer { continue }
            if status == .noReadersAvailable { return .success([]) }
            guard status == .success else { return .failure(status.error("list readers")) }
            let names = buffer.prefix(Int(length)).split(separator: 0)
            return .success(names.map { String(decoding: $0.map { UInt8(bitPattern: $0) }, as: UTF8.self) })
        }
        return .failure(.serviceUnavailable("the list of readers keeps changing"))
    }

    func isCardPresent(reader: String) -> Result<Bool, SecureComponentError> {
        reader.withCString { name in
            var state = SCARD_READERSTATE()
            state.szReader = name
            let status = PCSCStatus(SCardGetStatusChange(handle, 0, &state, 1))
            guard status == .success || status == .timeout else { return .failure(status.error("reader status", reader: reader)) }
            // SCARD_STATE_PRESENT
            return .success(state.dwEventState & 0x20 != 0)
        }
    }
}
