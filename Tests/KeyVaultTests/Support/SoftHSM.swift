import CPKCS11
import Cryptography
import Foundation
@testable import KeyVaultService
import Synchronization
@testable import PKCS11

/// Tokens of SoftHSM 2 in a directory of the tests' own. Without the Debian package softhsm2 the tests that need them are skipped.
enum SoftHSM {
    static let missing = "softhsm2 is not installed: apt-get install softhsm2"
    private static let paths = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"]
    static let path = paths.first { FileManager.default.fileExists(atPath: $0) }
    static var isAvailable: Bool { path != nil && FileManager.default.isExecutableFile(atPath: "/usr/bin/softhsm2-util") }

    /// The token directory, named to the module by its environment before it is first loaded.
    static let directory: String = {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("softhsm-tests-\(getpid())").path
        do {
            try FileManager.default.createDirectory(atPath: directory + "/tokens", withIntermediateDirectories: true)
            try Data("directories.tokendir = \(directory)/tokens\nobjectstore.backend = file\nlog.level = ERROR\n".utf8).write(to: URL(fileURLWithPath: directory + "/softhsm2.conf"))
        } catch {
            // The first token that is made fails then, with the reason.
        }
        setenv("SOFTHSM2_CONF", directory + "/softhsm2.conf", 1)
        atexit { try? FileManager.default.removeItem(atPath: SoftHSM.directory) }
        return directory
    }()

    /// Makes a token with PIN 1234.
    static func makeToken() throws -> SoftToken {
        let label = "tsms-\(UUID().uuidString.prefix(8).lowercased())"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/softhsm2-util")
        process.arguments = ["--init-token", "--free", "--label", label, "--so-pin", "5678", "--pin", "1234"]
        process.environment = ["SOFTHSM2_CONF": directory + "/softhsm2.conf"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
        let pin = directory + "/\(label).pin"
        try writePIN("1234\n", to: pin)
        return SoftToken(configuration: TokenConfiguration(module: path ?? "", tokenLabel: label, pinFile: pin, sessions: 2))
    }

    static func writePIN(_ pin: String, to path: String) throws {
        _ = FileManager.default.createFile(atPath: path, contents: Data(pin.utf8), attributes: [.posixPermissions: 0o600])
    }

    /// Everything that is in all tokens goes away, or comes back.
    static func hideTokens(_ isHidden: Bool) throws {
        let (from, to) = isHidden ? ("/tokens", "/away") : ("/away", "/tokens")
        if isHidden {
            try FileManager.default.moveItem(atPath: directory + from, toPath: directory + to)
            try FileManager.default.createDirectory(atPath: directory + from, withIntermediateDirectories: true)
        } else {
            try FileManager.default.removeItem(atPath: directory + to)
            try FileManager.default.moveItem(atPath: directory + from, toPath: directory + to)
        }
    }
}

struct SoftToken: Sendable {
    let configuration: TokenConfiguration

    func source() throws -> RootKeySource { .token(try configuration.token(), rootKeyLabel: configuration.rootKeyLabel) }

    /// The same token, with calls that can be made to fail.
    func faultySource() throws -> RootKeySource {
        let pin = configuration.pinFile
        let module = TokenModule(path: configuration.module, functions: TokenFaults.functions(of: try TokenModule.load(configuration.module)))
        return .token(Token(module: module, label: configuration.tokenLabel, sessions: 2) { () throws(TokenFailure) in try TokenConfiguration.pin(pin) }, rootKeyLabel: configuration.rootKeyLabel)
    }

    func makeRootKey() throws {
        let token = try configuration.token()
        _ = try TokenRootKey.make(label: configuration.rootKeyLabel, in: token, using: SystemRandom())
        token.close()
    }
}

/// Failures put between the vault and the module, by function.
enum TokenFaults {
    enum Function: Hashable { case login, sign, wrap, unwrap, create, find }

    private struct State {
        var real: CK_FUNCTION_LIST?
        /// What a function returns instead of being called, and how many calls go through before.
        var faults: [Function: (value: CK_RV, after: Int)] = [:]
        var calls: [Function: Int] = [:]
    }

    // The table is C functions, which capture nothing: what they answer is here.
    private static let state = Mutex(State())

    static func set(_ function: Function, _ value: CK_RV, after: Int = 0) { state.withLock { $0.faults[function] = (value, after) } }
    static func clear() { state.withLock { ($0.faults, $0.calls) = ([:], [:]) } }
    static func calls(_ function: Function) -> Int { state.withLock { $0.calls[function] ?? 0 } }

    fileprivate static func pass(_ function: Function, _ call: (CK_FUNCTION_LIST) -> CK_RV) -> CK_RV {
        let (fault, real) = state.withLock { state -> (CK_RV?, CK_FUNCTION_LIST?) in
            state.calls[function, default: 0] += 1
            guard var fault = state.faults[function] else { return (nil, state.real) }
            guard fault.after == 0 else {
                fault.after -= 1
                state.faults[function] = fault
                return (nil, state.real)
            }
            return (fault.value, state.real)
        }
        if let fault { return fault }
        guard let real else { return 0x190 }
        return call(real)
    }

    static func functions(of module: TokenModule) -> UnsafePointer<CK_FUNCTION_LIST> {
        let real = module.functions.pointee
        state.withLock { $0.real = real }
        let table = UnsafeMutablePointer<CK_FUNCTION_LIST>.allocate(capacity: 1)
        table.initialize(to: real)
        table.pointee.C_Login = { a, b, c, d in TokenFaults.pass(.login) { $0.C_Login(a, b, c, d) } }
        table.pointee.C_SignInit = { a, b, c in TokenFaults.pass(.sign) { $0.C_SignInit(a, b, c) } }
        table.pointee.C_WrapKey = { a, b, c, d, e, f in TokenFaults.pass(.wrap) { $0.C_WrapKey(a, b, c, d, e, f) } }
        table.pointee.C_UnwrapKey = { a, b, c, d, e, f, g, h in TokenFaults.pass(.unwrap) { $0.C_UnwrapKey(a, b, c, d, e, f, g, h) } }
        table.pointee.C_CreateObject = { a, b, c, d in TokenFaults.pass(.create) { $0.C_CreateObject(a, b, c, d) } }
        table.pointee.C_FindObjectsInit = { a, b, c in TokenFaults.pass(.find) { $0.C_FindObjectsInit(a, b, c) } }
        return UnsafePointer(table)
    }
}
