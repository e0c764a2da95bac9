import Foundation
import Identity
import TrustedServiceModel

/// The TSM's handset API as calls: token, proof, JSON, retries, and errors in the TSM-API's categories.
actor Backend {
    private let configuration: TSMClientConfiguration
    private let transport: any BackendTransport
    private let deviceKey: any TokenSigner
    private let now: @Sendable () -> Date
    private let uuid: @Sendable () -> String
    private var tokenSource: (any AccessTokenSource)?
    private var registered: (token: String, expires: Date)?
    private var registering: Task<String, any Error>?

    init(configuration: TSMClientConfiguration, transport: any BackendTransport, deviceKey: any TokenSigner,
         now: @escaping @Sendable () -> Date, uuid: @escaping @Sendable () -> String) {
        self.configuration = configuration
        self.transport = transport
        self.deviceKey = deviceKey
        self.now = now
        self.uuid = uuid
    }

    func use(_ source: (any AccessTokenSource)?) {
        tokenSource = source
        registered = nil
    }

    /// Sends a request that may be repeated: it carries an Idempotency-Key, or is a numbered report.
    func call<Answer: Decodable & Sendable>(_ path: String, _ body: some Encodable & Sendable, idempotencyKey: String?) async throws(TSMFailure) -> Answer {
        let bytes = try encode(body)
        var attempt = 0
        while true {
            do throws(TSMFailure) {
                return try await once(path, bytes, idempotencyKey: idempotencyKey)
            } catch {
                // Only a missing answer is worth a second try; the server answers a repetition as it answered the first time.
                guard error.category == .networkConnectionError || error.category == .tsmNotAvailable, attempt < configuration.retries, !Task.isCancelled else { throw error }
                attempt += 1
                // A gateway whose plane restarts refuses at once: a report given up then would leave a card that is deployed and a process that failed.
                if error.category == .tsmNotAvailable { try? await Task.sleep(for: .milliseconds(100 << min(attempt, 5))) }
            }
        }
    }

    private func once<Answer: Decodable>(_ path: String, _ body: [UInt8], idempotencyKey: String?) async throws(TSMFailure) -> Answer {
        let token = try await accessToken()
        var headers = [("authorization", "DPoP \(token)"), ("dpop", try proof(path, token: token))]
        if let idempotencyKey { headers.append(("idempotency-key", idempotencyKey)) }
        var answer = try await send(path, headers, body)
        if answer.status == 401, tokenSource == nil {
            // The token may have expired early or its key been replaced: register once more.
            registered = nil
            let fresh = try await accessToken()
            headers[0].1 = "DPoP \(fresh)"
            headers[1].1 = try proof(path, token: fresh)
            answer = try await send(path, headers, body)
        }
        return try decode(answer)
    }

    private func accessToken() async throws(TSMFailure) -> String {
        if let tokenSource {
            do {
                return try await tokenSource.getToken(deviceKeyThumbprint: deviceKey.publicKey.thumbprint)
            } catch {
                throw TSMFailure(.notAuthenticated, "the access token source failed: \(error)")
            }
        }
        if let registered, registered.expires > now() { return registered.token }
        // Concurrent calls share one registration.
        let task = registering ?? Task { try await self.register() }
        registering = task
        defer { registering = nil }
        do {
            return try await task.value
        } catch let failure as TSMFailure {
            throw failure
        } catch {
            throw TSMFailure(.notAuthenticated, "the registration failed: \(error)")
        }
    }

    private func register() async throws -> String {
        let request = HandsetAPI.RegistrationRequest(serviceProviderId: configuration.serviceProviderId, deviceAppId: configuration.deviceAppId, integrityVerdict: try await integrityVerdict())
        let answer = try await send("/registrations", [("dpop", try proof("/registrations", token: nil))], try encode(request))
        let registration: HandsetAPI.RegistrationAnswer = try decode(answer)
        // A minute early, so that no call leaves with a token that ends on its way.
        registered = (registration.accessToken, now().addingTimeInterval(TimeInterval(max(0, registration.expiresIn - 60))))
        return registration.accessToken
    }

    /// A device that its own integrity service does not vouch for is not registered: nothing is sent (TR-03165 4.2.6, category 20).
    private func integrityVerdict() async throws(TSMFailure) -> String? {
        guard let source = configuration.deviceIntegrity else { return nil }
        do {
            return try await source.verdict(deviceKeyThumbprint: deviceKey.publicKey.thumbprint)
        } catch {
            throw TSMFailure(.deviceIntegrityCheckFailed, "the device's integrity service gave no verdict: \(error)")
        }
    }

    private func send(_ path: String, _ headers: [(String, String)], _ body: [UInt8]) async throws(TSMFailure) -> BackendAnswer {
        do throws(TSMFailure) {
            let answer = try await transport.send(method: "POST", path: configuration.handsetURL.path() + path,
                                                  headers: headers.map { (name: $0.0, value: $0.1) } + [(name: "content-type", value: "application/json")], body: body)
            configuration.log?("POST \(path): \(body.count) bytes sent, status \(answer.status), \(answer.body.count) bytes came")
            return answer
        } catch {
            configuration.log?("POST \(path): \(body.count) bytes sent, \(error.executionMessage)")
            throw error
        }
    }

    private func proof(_ path: String, token: String?) throws(TSMFailure) -> String {
        do throws(TokenError) {
            return try DPoPProof.make(signer: deviceKey, method: "POST", url: configuration.handsetURL.absoluteString + path, accessToken: token, identifier: uuid(), now: now())
        } catch {
            throw TSMFailure(.notAuthenticated, "the device key cannot sign: \(error.reason)")
        }
    }

    private func encode(_ value: some Encodable) throws(TSMFailure) -> [UInt8] {
        do { return Array(try JSONEncoder().encode(value)) } catch { throw TSMFailure(.internalError, "the request cannot be encoded: \(error)") }
    }

    /// Problem documents carry the category in `executionStatus`; others are mapped by their status.
    private func decode<Answer: Decodable>(_ answer: BackendAnswer) throws(TSMFailure) -> Answer {
        if answer.status == 200 {
            do { return try JSONDecoder().decode(Answer.self, from: Data(answer.body)) } catch {
                throw TSMFailure(.internalError, "the TSM's answer cannot be read: \(error)")
            }
        }
        let problem = try? JSONDecoder().decode(Problem.self, from: Data(answer.body))
        let category = problem?.executionStatus.flatMap { Int($0) }.flatMap(ErrorCategory.init(rawValue:)) ?? Self.category(ofStatus: answer.status)
        let detail = problem?.detail ?? "the TSM answered with status \(answer.status)"
        throw TSMFailure(category, detail.hasPrefix(category.title + ": ") ? String(detail.dropFirst(category.title.count + 2)) : detail)
    }

    /// The parts of a problem document (RFC 9457) that matter here.
    private struct Problem: Decodable {
        var detail: String?
        var executionStatus: String?
    }

    private static func category(ofStatus status: Int) -> ErrorCategory {
        switch status {
        case 401: .notAuthenticated
        case 403: .unauthorized
        case 404: .notFound
        case 409: .executionInterrupted
        case 429: .overloadProtection
        case 400, 413: .invalidArgument
        case 502, 503, 504: .tsmNotAvailable
        default: .internalError
        }
    }
}
