import Foundation
import GlobalPlatform
import Identity
import SecureComponent
import SecureComponentSimulator
import Synchronization
@testable import TSMAPI
import Testing
import TrustedServiceModel

/// Answers from a list, remembers what was asked.
final class ScriptedTransport: BackendTransport {
    struct Request: Sendable { var path: String; var headers: [String: String]; var body: [UInt8] }
    enum Answer: Sendable { case status(Int, String), lost }
    private let answers: Mutex<[Answer]>
    let requests = Mutex<[Request]>([])

    init(_ answers: [Answer]) { self.answers = Mutex(answers) }

    func send(method: String, path: String, headers: [(name: String, value: String)], body: [UInt8]) async throws(TSMFailure) -> BackendAnswer {
        requests.withLock { $0.append(Request(path: path, headers: Dictionary(headers.map { ($0.name, $0.value) }) { first, _ in first }, body: body)) }
        switch answers.withLock({ $0.isEmpty ? .status(500, "{}") : $0.removeFirst() }) {
        case .status(let status, let text): return BackendAnswer(status: status, body: Array(text.utf8))
        case .lost: throw TSMFailure(.networkConnectionError, "lost")
        }
    }
}

struct NoComponents: SecureElementService {
    var readers: [any Reader] { [] }
}

struct FixedTokens: AccessTokenSource {
    func getToken(deviceKeyThumbprint: String) async throws -> String { "sp-token" }
}

@Suite("the SDK against a backend")
struct TSMClientTests {
    static let registration = ScriptedTransport.Answer.status(200, #"{"accessToken":"token-1","expiresIn":3600}"#)
    static let result = ScriptedTransport.Answer.status(200, #"{"dialogId":"","result":{"instances":{"_0":{"serviceInstances":[],"executionStatus":0,"executionMessage":""}}}}"#)

    func client(_ transport: ScriptedTransport, retries: Int = 1) throws -> TSMClient {
        TSMClient(configuration: TSMClientConfiguration(handsetURL: try #require(URL(string: "https://tsm.example/tsm-api/v1")), serviceProviderId: "sp", deviceAppId: "ab",
                                                        issuerSecurityDomains: [.issuerSecurityDomain], retries: retries),
                  transport: transport, deviceKey: SoftwareTokenSigner(), secureComponents: NoComponents())
    }

    @Test("registers once, then sends token, proof and idempotency key")
    func registers() async throws {
        let transport = ScriptedTransport([Self.registration, Self.result, Self.result])
        let client = try client(transport)
        #expect(await client.getServiceInstances(serviceId: "s").executionStatus == .noError)
        #expect(await client.getServiceInstances(serviceId: "s").executionStatus == .noError)
        let requests = transport.requests.withLock { $0 }
        #expect(requests.map(\.path) == ["/tsm-api/v1/registrations", "/tsm-api/v1/service-instance-queries", "/tsm-api/v1/service-instance-queries"])
        #expect(requests[1].headers["authorization"] == "DPoP token-1" && requests[1].headers["dpop"] != requests[2].headers["dpop"])
        #expect(requests[1].headers["idempotency-key"] != requests[2].headers["idempotency-key"])
    }

    @Test("a lost answer is asked for again with the same key; in the end category 3")
    func retries() async throws {
        let transport = ScriptedTransport([Self.registration, .lost, Self.result])
        #expect(await (try client(transport)).getServiceInstances(serviceId: "s").executionStatus == .noError)
        let keys = transport.requests.withLock { $0.dropFirst().map { $0.headers["idempotency-key"] } }
        #expect(keys.count == 2 && keys[0] == keys[1])
        #expect(await (try client(ScriptedTransport([Self.registration, .lost, .lost]))).getServiceInstances(serviceId: "s").executionStatus == .networkConnectionError)
    }

    @Test("refusals become categories", arguments: [
        (401, #"{"detail":"no","executionStatus":"5"}"#, ErrorCategory.notAuthenticated), (403, "{}", .unauthorized), (404, "", .notFound), (409, "{}", .executionInterrupted),
        (429, "{}", .overloadProtection), (503, #"{"executionStatus":"19","detail":"x"}"#, .underMaintenance), (503, "not json", .tsmNotAvailable), (500, "{}", .internalError),
        (200, "nonsense", .internalError), (200, "{}", .internalError),
    ])
    func refusals(status: Int, body: String, category: ErrorCategory) async throws {
        // 401 is answered by a new registration, 502 to 504 by sending the request again.
        let again: [ScriptedTransport.Answer] = status == 401 ? [Self.registration, .status(status, body)] : [.status(status, body)]
        let answers = [Self.registration, .status(status, body)] + again
        #expect(await (try client(ScriptedTransport(answers))).getServiceInstances(serviceId: "s").executionStatus == category)
    }

    @Test("the SP's own tokens are used instead of a registration")
    func ownTokens() async throws {
        let transport = ScriptedTransport([Self.result])
        let client = try client(transport)
        #expect(await client.setAccessToken(FixedTokens()).executionStatus == .noError)
        #expect(await client.getServiceInstances(serviceId: "s").executionStatus == .noError)
        #expect(transport.requests.withLock { $0.map { $0.headers["authorization"] } } == ["DPoP sp-token"])
    }

    @Test("malformed instance IDs do not leave the handset")
    func malformed() async throws {
        let transport = ScriptedTransport([])
        let client = try client(transport)
        #expect(await client.deployService(serviceInstanceId: "../x", serviceCommands: [], finalizeDeployment: true).processInfo.executionStatus == .invalidArgument)
        #expect(await client.terminateService(serviceInstanceId: "").processInfo.executionStatus == .invalidArgument)
        #expect(transport.requests.withLock { $0.isEmpty })
    }

    @Test("the log tells paths and statuses, and no token, key or proof")
    func log() async throws {
        let lines = Lines()
        let transport = ScriptedTransport([Self.registration, Self.result, .lost, .lost])
        let client = TSMClient(configuration: TSMClientConfiguration(handsetURL: try #require(URL(string: "https://tsm.example/tsm-api/v1")), serviceProviderId: "sp", deviceAppId: "ab",
                                                                    issuerSecurityDomains: [.issuerSecurityDomain], retries: 1, log: { lines.add($0) }),
                               transport: transport, deviceKey: SoftwareTokenSigner(), secureComponents: NoComponents())
        _ = await client.getServiceInstances(serviceId: "s")
        _ = await client.getServiceInstances(serviceId: "s")
        let told = lines.all
        #expect(told.count == 4 && told[0].contains("/registrations") && told[1].contains("/service-instance-queries") && told[1].contains("status 200"))
        #expect(told[3].contains("lost"))
        #expect(!told.contains { $0.contains("token-1") || $0.contains("DPoP") || $0.contains("eyJ") })
    }
}

private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}
