import Foundation
import Synchronization
import TSMAPI
import TrustedServiceModel

/// Counts and keeps what passes between an SDK and the gateway, and lets a test act before a request leaves.
final class ObservedTransport: BackendTransport {
    struct Request: Sendable {
        var method: String
        var path: String
        var headers: [(name: String, value: String)]
        var body: [UInt8]

        func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
        var isRegistration: Bool { path.hasSuffix("/registrations") }
        var isReport: Bool { path.contains("/reports/") }
    }

    struct Exchange: Sendable {
        var request: Request
        /// nil: none came.
        var answer: BackendAnswer?
    }

    private struct State {
        var exchanges: [Exchange] = []
        var hook: (@Sendable (Request) async throws -> Void)?
        /// Reports that may still pass before the hook runs.
        var reportsToPass = 0
    }

    private let inner: any BackendTransport
    private let state = Mutex(State())

    init(_ inner: any BackendTransport) { self.inner = inner }

    var exchanges: [Exchange] { state.withLock { $0.exchanges } }
    /// Requests of dialogs: all but the registration of app and device key, which happens once.
    var requests: Int { exchanges.count { !$0.request.isRegistration } }
    var registrations: Int { exchanges.count { $0.request.isRegistration } }

    /// The answer to the last request that was answered, as a dialog's.
    func lastDialog() throws -> HandsetAPI.DialogAnswer? {
        try exchanges.last { !$0.request.isRegistration && $0.answer != nil }?.answer.map { try JSONDecoder().decode(HandsetAPI.DialogAnswer.self, from: Data($0.body)) }
    }

    /// Runs once, before the next report leaves, or a later one.
    func beforeReport(_ number: Int = 1, _ hook: @escaping @Sendable (Request) async throws -> Void) {
        state.withLock { state in
            state.hook = hook
            state.reportsToPass = number - 1
        }
    }

    func send(method: String, path: String, headers: [(name: String, value: String)], body: [UInt8]) async throws(TSMFailure) -> BackendAnswer {
        let request = Request(method: method, path: path, headers: headers, body: body)
        let hook = state.withLock { state -> (@Sendable (Request) async throws -> Void)? in
            guard request.isReport, let hook = state.hook else { return nil }
            guard state.reportsToPass == 0 else {
                state.reportsToPass -= 1
                return nil
            }
            state.hook = nil
            return hook
        }
        if let hook {
            do { try await hook(request) } catch { throw TSMFailure(.unspecified, "the test's own step failed: \(error)") }
        }
        do throws(TSMFailure) {
            let answer = try await inner.send(method: method, path: path, headers: headers, body: body)
            state.withLock { $0.exchanges.append(Exchange(request: request, answer: answer)) }
            return answer
        } catch {
            state.withLock { $0.exchanges.append(Exchange(request: request, answer: nil)) }
            throw error
        }
    }
}
