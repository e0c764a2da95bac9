import Foundation
import Identity
import SecureComponent
import Synchronization
@testable import TSMAPI
import Testing
import TrustedServiceModel

/// Another token with every call, or an error.
final class CountingTokens: AccessTokenSource {
    struct Away: Error {}
    let asked = Mutex<[String]>([])
    let fails: Bool

    init(fails: Bool = false) { self.fails = fails }

    func getToken(deviceKeyThumbprint: String) async throws -> String {
        let count = asked.withLock { $0.append(deviceKeyThumbprint); return $0.count }
        if fails { throw Away() }
        return "sp-token-\(count)"
    }
}

struct FixedIntegrity: DeviceIntegritySource {
    struct Rooted: Error {}
    var statement: String?

    func verdict(deviceKeyThumbprint: String) async throws -> String {
        guard let statement else { throw Rooted() }
        return "\(statement)/\(deviceKeyThumbprint)"
    }
}

@Suite("who the app is: tokens and the verdict on the device")
struct AccessTests {
    static let id = "3b1d6f0e-0000-4000-8000-000000000009"
    static let order = ScriptedTransport.Answer.status(200, #"{"dialogId":"p","reportNumber":1,"order":{"delay":0,"ramCommands":[]}}"#)

    func client(_ transport: ScriptedTransport, integrity: (any DeviceIntegritySource)? = nil, key: SoftwareTokenSigner = SoftwareTokenSigner()) throws -> TSMClient {
        TSMClient(configuration: TSMClientConfiguration(handsetURL: try #require(URL(string: "https://tsm.example/tsm-api/v1")), serviceProviderId: "sp", deviceAppId: "ab",
                                                        issuerSecurityDomains: [.issuerSecurityDomain], retries: 1, deviceIntegrity: integrity),
                  transport: transport, deviceKey: key, secureComponents: NoComponents())
    }

    @Test("the token source is asked before every request to the backend, repeated ones too")
    func tokenPerRequest() async throws {
        let transport = ScriptedTransport([.lost, Self.order, TSMClientTests.result])
        let source = CountingTokens(), key = SoftwareTokenSigner()
        let client = try client(transport, key: key)
        #expect(await client.setAccessToken(source) == SetAccessTokenResult())
        #expect(await client.getServiceInstances(serviceId: "s").executionStatus == .noError)
        #expect(transport.requests.withLock { $0.map { $0.headers["authorization"] } } == ["DPoP sp-token-1", "DPoP sp-token-2", "DPoP sp-token-3"])
        #expect(source.asked.withLock { $0 } == Array(repeating: key.publicKey.thumbprint, count: 3))
    }

    @Test("a token source that fails: category 5, and nothing is sent")
    func tokenFails() async throws {
        let transport = ScriptedTransport([])
        let client = try client(transport)
        #expect(await client.setAccessToken(CountingTokens(fails: true)).executionStatus == .noError)
        #expect(await client.suspendOrResumeService(serviceInstanceId: Self.id, suspensionControl: true).processInfo.executionStatus == .notAuthenticated)
        #expect(transport.requests.withLock { $0.isEmpty })
    }

    @Test("a token that the TSM does not take is not replaced by a registration")
    func tokenRefused() async throws {
        let transport = ScriptedTransport([.status(401, #"{"detail":"no"}"#)])
        let client = try client(transport)
        _ = await client.setAccessToken(CountingTokens())
        #expect(await client.checkServiceDeploymentAvailable(serviceId: "s", version: "x.x.x").executionStatus == .notAuthenticated)
        #expect(transport.requests.withLock { $0.count } == 1)
    }

    @Test("without a source again, the app registers as before")
    func backToRegistration() async throws {
        let transport = ScriptedTransport([TSMClientTests.result, TSMClientTests.registration, TSMClientTests.result])
        let client = try client(transport)
        _ = await client.setAccessToken(FixedTokens())
        _ = await client.getServiceInstances(serviceId: "s")
        _ = await client.setAccessToken(nil)
        #expect(await client.getServiceInstances(serviceId: "s").executionStatus == .noError)
        #expect(transport.requests.withLock { $0.map { $0.headers["authorization"] } } == ["DPoP sp-token", nil, "DPoP token-1"])
    }

    @Test("the verdict on the device goes with the registration, and names its key")
    func verdict() async throws {
        let transport = ScriptedTransport([TSMClientTests.registration, TSMClientTests.result]), key = SoftwareTokenSigner()
        #expect(await (try client(transport, integrity: FixedIntegrity(statement: "sound"), key: key)).getServiceInstances(serviceId: "s").executionStatus == .noError)
        let request = try #require(transport.requests.withLock { $0.first })
        #expect(try JSONDecoder().decode(HandsetAPI.RegistrationRequest.self, from: Data(request.body)).integrityVerdict == "sound/\(key.publicKey.thumbprint)")
    }

    @Test("a device that is not vouched for: category 20, and nothing is sent")
    func notVouchedFor() async throws {
        let transport = ScriptedTransport([])
        let result = await (try client(transport, integrity: FixedIntegrity(statement: nil))).createServiceInstance(serviceId: "s", version: "1.0.0")
        #expect(result.executionStatus == .deviceIntegrityCheckFailed && result.executionMessage.hasPrefix("Device integrity check failed: "))
        #expect(transport.requests.withLock { $0.isEmpty })
    }

    @Test("a verdict that the TSM does not accept: category 20")
    func verdictRefused() async throws {
        let transport = ScriptedTransport([.status(403, #"{"executionStatus":"20","detail":"Device integrity check failed: rooted"}"#)])
        let result = await (try client(transport, integrity: FixedIntegrity(statement: "x"))).updateService(serviceInstanceId: Self.id, newVersion: "1.1.0", serviceCommands: [.personalize(personalizationData: [:])], finalizeDeployment: false)
        #expect(result.processInfo.executionStatus == .deviceIntegrityCheckFailed && result.processInfo.executionMessage == "Device integrity check failed: rooted")
        #expect(result.serviceCommandResults == [ServiceCommandResult(commandExecutionStatus: .notExecuted, personalizationResults: [])] && result.serviceInstanceState == .unknown)
    }

    @Test("malformed instance IDs do not leave the handset", arguments: ["", "../x", "3b1d6f0e", "3b1d6f0e-0000-4000-8000-00000000000g"])
    func malformed(id: String) async throws {
        let transport = ScriptedTransport([])
        let client = try client(transport)
        #expect(await client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: false).processInfo.executionStatus == .invalidArgument)
        #expect(await client.updateService(serviceInstanceId: id, newVersion: "1.0.0", serviceCommands: [], finalizeDeployment: true).processInfo.executionStatus == .invalidArgument)
        #expect(await client.checkServiceUpdateAvailable(serviceInstanceId: id, newVersion: "x.x.x").executionStatus == .invalidArgument)
        #expect(transport.requests.withLock { $0.isEmpty })
    }

    @Test("the result of another call is none", arguments: [TSMClientTests.result])
    func foreign(answer: ScriptedTransport.Answer) async throws {
        #expect(await (try client(ScriptedTransport([TSMClientTests.registration, answer]))).checkServiceDeploymentAvailable(serviceId: "s", version: "1.0.0").executionStatus == .internalError)
        #expect(await (try client(ScriptedTransport([TSMClientTests.registration, answer]))).suspendOrResumeService(serviceInstanceId: Self.id, suspensionControl: true).processInfo.executionStatus == .internalError)
    }
}
