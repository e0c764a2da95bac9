import CPKCS11
import Cryptography
import Foundation
import Synchronization

/// A token of a PKCS #11 module, found by its label: a bounded pool of sessions, logged in, for any number of threads.
///
/// Calls block their thread for as long as the token takes. A token that was away is found again by the next call: sessions, logins and handles that
/// are no longer good are thrown away, and the call is tried once more. A PIN that was refused is not tried again until it is another one.
public final class Token: Sendable {
    public let label: String
    let module: TokenModule
    private let pin: @Sendable () throws(TokenFailure) -> SecretBytes
    private let room: DispatchSemaphore
    private let state = Mutex(State())

    private struct State {
        var idle: [CK_SESSION_HANDLE] = []
        var slot: CK_SLOT_ID?
        /// Goes up when all sessions are given up: what was opened before is not given back.
        var epoch = 0
        var handles: [TokenKey: CK_OBJECT_HANDLE] = [:]
        /// SHA-256 of the PIN that was refused last.
        var refusedPIN: [UInt8]?
    }

    /// A session, login or handle that is no longer good.
    private struct Lost: Error { let reason: String }

    /// One session at work.
    struct Session {
        let handle: CK_SESSION_HANDLE
        let functions: CK_FUNCTION_LIST

        /// - Throws: `Lost` or ``TokenFailure``.
        func check(_ value: CK_RV, _ doing: String) throws {
            guard value != ReturnValue.ok else { return }
            if ReturnValue.lost.contains(value) { throw Lost(reason: "the token does not \(doing) (\(TokenModule.code(value)))") }
            if ReturnValue.pinLocked.contains(value) { throw TokenFailure(.pinLocked, "the token refuses to \(doing): its PIN is locked or has expired (\(TokenModule.code(value)))") }
            throw TokenFailure(.refused, "the token refuses to \(doing) (\(TokenModule.code(value)))")
        }
    }

    /// - Parameters:
    ///   - pin: reads the user's PIN anew for each login.
    ///   - sessions: at most that many are open at a time; further calls wait.
    public init(module: TokenModule, label: String, sessions: Int, pin: @escaping @Sendable () throws(TokenFailure) -> SecretBytes) {
        self.module = module
        self.label = label
        self.pin = pin
        room = DispatchSemaphore(value: max(1, sessions))
    }

    /// Runs calls in a session of its own.
    /// - Throws: ``TokenFailure``.
    func run<Value>(_ body: (Session) throws -> Value) throws(TokenFailure) -> Value {
        room.wait()
        defer { room.signal() }
        do {
            do {
                return try module.using { try attempt(body) }
            } catch let error as Lost {
                return try again(error.reason, body)
            } catch let error as TokenFailure where error.kind == .absent || error.kind == .keyMissing {
                // Some modules let a token that was taken away look like an empty one.
                return try again(error.reason, body)
            }
        } catch let error as TokenFailure {
            throw error
        } catch {
            throw TokenFailure(.refused, "the token '\(label)' could not be used: \(error)")
        }
    }

    /// Closes all sessions, which ends the login.
    public func close() { giveUpSessions() }

    private func again<Value>(_ reason: String, _ body: (Session) throws -> Value) throws -> Value {
        giveUpSessions()
        // Many modules look for tokens only when they are set up.
        try module.restart()
        do {
            return try module.using { try attempt(body) }
        } catch let error as Lost {
            giveUpSessions()
            throw TokenFailure(.absent, "token '\(label)': \(error.reason)")
        }
    }

    private func attempt<Value>(_ body: (Session) throws -> Value) throws -> Value {
        let (handle, epoch) = try borrow()
        var isGood = false
        defer {
            let isKept = isGood && state.withLock { state in
                guard state.epoch == epoch else { return false }
                state.idle.append(handle)
                return true
            }
            // Closing what is gone already is no failure.
            if !isKept { _ = module.functions.pointee.C_CloseSession(handle) }
        }
        do {
            let value = try body(Session(handle: handle, functions: module.functions.pointee))
            isGood = true
            return value
        } catch let error as TokenFailure {
            // A refusal leaves no operation under way in the session; should a module think otherwise, the next call finds its session lost. Closing the
            // last one would end the login and every handle.
            isGood = true
            throw error
        }
    }

    private func borrow() throws -> (CK_SESSION_HANDLE, epoch: Int) {
        let (idle, epoch) = state.withLock { ($0.idle.popLast(), $0.epoch) }
        if let idle { return (idle, epoch) }
        try module.initialise()
        let slot = try module.slot(label: label)
        guard !slot.isLocked else { throw TokenFailure(.pinLocked, "the PIN of token '\(label)' is locked: its security officer must set a new one") }
        var handle: CK_SESSION_HANDLE = 0
        let functions = module.functions.pointee
        // Serial, and read-write: new keys are made in any session.
        let opened = functions.C_OpenSession(slot.id, 0x4 | 0x2, nil, nil, &handle)
        guard opened == ReturnValue.ok else { throw Lost(reason: "the token opens no session (\(TokenModule.code(opened)))") }
        do {
            try logIn(handle, functions)
        } catch {
            _ = functions.C_CloseSession(handle)
            throw error
        }
        state.withLock { $0.slot = slot.id }
        return (handle, epoch)
    }

    private func logIn(_ handle: CK_SESSION_HANDLE, _ functions: CK_FUNCTION_LIST) throws {
        let pin = try pin()
        let digest = try HMACSHA256.code(over: Array("PIN".utf8), key: pin)
        guard state.withLock({ $0.refusedPIN }) != digest else {
            throw TokenFailure(.pinRefused, "the PIN of token '\(label)' was refused before; it is not tried again, lest the token lock itself: put the right one into the PIN file")
        }
        let value = pin.withUnsafeBytes { functions.C_Login(handle, 1, $0.baseAddress?.assumingMemoryBound(to: CK_BYTE.self), CK_ULONG($0.count)) }
        switch value {
        case ReturnValue.ok, ReturnValue.userAlreadyLoggedIn: state.withLock { $0.refusedPIN = nil }
        case _ where ReturnValue.pinIncorrect.contains(value):
            state.withLock { $0.refusedPIN = digest }
            throw TokenFailure(.pinRefused, "token '\(label)' refuses the PIN; it is not tried again until the PIN file has changed")
        case _ where ReturnValue.pinLocked.contains(value):
            throw TokenFailure(.pinLocked, "the PIN of token '\(label)' is locked: its security officer must set a new one")
        default: throw Lost(reason: "the token lets nobody log in (\(TokenModule.code(value)))")
        }
    }

    private func giveUpSessions() {
        let idle = state.withLock { state in
            defer {
                state.idle = []
                state.handles = [:]
                state.epoch += 1
            }
            return state.idle
        }
        for handle in idle { _ = module.functions.pointee.C_CloseSession(handle) }
    }

    // MARK: - Handles, as long as they are good

    func cachedHandle(_ key: TokenKey) -> CK_OBJECT_HANDLE? { state.withLock { $0.handles[key] } }
    func remember(_ handle: CK_OBJECT_HANDLE, _ key: TokenKey) { state.withLock { $0.handles[key] = handle } }
    func forget(_ identifier: [UInt8]) { state.withLock { state in state.handles = state.handles.filter { $0.key.identifier != identifier } } }
}
