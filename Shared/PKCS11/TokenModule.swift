public import CPKCS11
import Foundation
import Synchronization

/// A PKCS #11 module in this process: loaded once, set up once, for all who use it.
// Unchecked: the table of functions is immutable, and modules are set up for use by several threads (CKF_OS_LOCKING_OK).
public final class TokenModule: @unchecked Sendable {
    public let path: String
    let functions: UnsafePointer<CK_FUNCTION_LIST>
    private let use = ReadersWriterLock()

    private static let loaded = Mutex<[String: TokenModule]>([:])

    /// - Parameter functions: a table that stays; tests put one of their own here.
    public init(path: String, functions: UnsafePointer<CK_FUNCTION_LIST>) {
        self.path = path
        self.functions = functions
    }

    /// - Throws: ``TokenFailure`` `module`.
    public static func load(_ path: String) throws(TokenFailure) -> TokenModule {
        let found: Result<TokenModule, TokenFailure> = loaded.withLock { loaded in
            if let module = loaded[path] { return .success(module) }
            var reason = [CChar](repeating: 0, count: 256)
            guard let functions = tsms_pkcs11_load(path, &reason, reason.count) else {
                let text = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                return .failure(TokenFailure(.module, "the PKCS #11 module \(path) cannot be used: \(text)"))
            }
            let module = TokenModule(path: path, functions: functions)
            loaded[path] = module
            return .success(module)
        }
        return try found.get()
    }

    /// Sets the module up, if it is not yet.
    func initialise() throws(TokenFailure) {
        var arguments = CK_C_INITIALIZE_ARGS()
        arguments.flags = 2
        let value = functions.pointee.C_Initialize(&arguments)
        guard value == ReturnValue.ok || value == ReturnValue.alreadyInitialised else {
            throw TokenFailure(.module, "the PKCS #11 module \(path) cannot be set up (\(Self.code(value)))")
        }
    }

    /// Takes the module down and sets it up again: some see a token that has come back only then. Sessions of everybody in the process end, and are
    /// opened anew by their owners.
    func restart() throws(TokenFailure) {
        try use.writing { () throws(TokenFailure) in
            // What it answers does not matter: the setting up below shows whether it works.
            _ = functions.pointee.C_Finalize(nil)
            try initialise()
        }
    }

    /// Uses the module; meanwhile nobody takes it down.
    func using<Value>(_ body: () throws -> Value) rethrows -> Value { try use.reading(body) }

    /// The slot of the token with this label, and whether its PIN is locked.
    /// - Throws: `absent`, also when several tokens have the label.
    func slot(label: String) throws(TokenFailure) -> (id: CK_SLOT_ID, isLocked: Bool) {
        var count: CK_ULONG = 0
        var slots: [CK_SLOT_ID] = []
        var value = functions.pointee.C_GetSlotList(1, nil, &count)
        if value == ReturnValue.ok && count > 0 {
            slots = [CK_SLOT_ID](repeating: 0, count: Int(count))
            value = functions.pointee.C_GetSlotList(1, &slots, &count)
        }
        guard value == ReturnValue.ok else { throw TokenFailure(.absent, "the PKCS #11 module lists no slots (\(Self.code(value)))") }
        var found: [(CK_SLOT_ID, Bool)] = []
        for slot in slots.prefix(Int(count)) {
            var info = CK_TOKEN_INFO()
            guard functions.pointee.C_GetTokenInfo(slot, &info) == ReturnValue.ok else { continue }
            let text = withUnsafeBytes(of: info.label) { String(decoding: $0, as: UTF8.self) }.trimmingCharacters(in: .whitespaces)
            if text == label { found.append((slot, info.flags & 0x40000 != 0)) }
        }
        guard let first = found.first else { throw TokenFailure(.absent, "no token '\(label)' is there: insert it, or see to the module's configuration") }
        guard found.count == 1 else { throw TokenFailure(.absent, "\(found.count) tokens are called '\(label)': give them labels of their own") }
        return first
    }

    static func code(_ value: CK_RV) -> String { "CKR \(String(value, radix: 16, uppercase: true))" }
}
