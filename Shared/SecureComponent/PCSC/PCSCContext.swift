import CPCSC

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A connection to the PC/SC daemon. The library makes calls of one context one after the other, so everything that may block has a
/// context of its own.
final class PCSCContext: Sendable {
    let handle: SCARDCONTEXT

    /// - Throws: `serviceUnavailable` when the daemon does not run.
    init() throws(SecureComponentError) {
        var context = SCARDCONTEXT()
        let status = PCSCStatus(SCardEstablishContext(DWORD(SCARD_SCOPE_SYSTEM), nil, nil, &context))
        guard status == .success else { throw .serviceUnavailable("the PC/SC daemon does not answer: \(status.text)") }
        handle = context
    }

    deinit { SCardReleaseContext(handle) }

    /// For callers that have no typed throws at hand.
    static func establish() -> Result<PCSCContext, SecureComponentError> {
        do throws(SecureComponentError) { return .success(try PCSCContext()) } catch { return .failure(error) }
    }

    /// Whether the daemon still knows this context: it does not after it was started anew.
    var isValid: Bool { PCSCStatus(SCardIsValidContext(handle)) == .success }

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

    /// What the daemon knows of a reader now.
    func state(of reader: String) -> Result<ReaderState, SecureComponentError> {
        statusChange([ReaderState(name: reader, flags: 0)], within: 0).flatMap { states in
            states.first.map { $0.isKnown ? .success($0) : .failure(.readerNotFound(reader)) } ?? .failure(.readerNotFound(reader))
        }
    }

    /// Waits until something differs from `known`.
    /// - Parameter milliseconds: how long at most; 0 asks only.
    /// - Returns: the readers in the same order, as they are now; as they were after `cancelled`.
    func statusChange(_ known: [ReaderState], within milliseconds: Int) -> Result<[ReaderState], SecureComponentError> {
        let names = known.map { strdup($0.name) }
        defer { for name in names { free(name) } }
        var states = zip(known, names).map { state, name in
            var entry = SCARD_READERSTATE()
            entry.szReader = UnsafePointer(name)
            entry.dwCurrentState = DWORD(state.flags)
            return entry
        }
        let status = PCSCStatus(SCardGetStatusChange(handle, numericCast(milliseconds), &states, numericCast(states.count)))
        if status == .unknownReader { return .success(known.map { ReaderState(name: $0.name, flags: UInt32(SCARD_STATE_UNKNOWN)) }) }
        guard [.success, .timeout, .cancelled].contains(status) else { return .failure(status.error("reader status")) }
        return .success(zip(known, states).map { state, entry in
            let flags = UInt32(truncatingIfNeeded: entry.dwEventState) & ~UInt32(SCARD_STATE_CHANGED)
            // The library leaves an entry alone when it is cancelled.
            if status == .cancelled, flags == 0 { return state }
            let length = min(Int(entry.cbAtr), 33)
            let atr = withUnsafeBytes(of: entry.rgbAtr) { Array($0.prefix(length)) }
            return ReaderState(name: state.name, flags: flags, atr: flags & UInt32(SCARD_STATE_PRESENT) != 0 ? atr : [])
        })
    }

    /// Ends a `statusChange` that waits on another thread.
    func cancel() { SCardCancel(handle) }
}
