import Foundation
import GlobalPlatform
import Identity
import SecureComponent
import SecureComponentSimulator
import ServiceKit
@testable import SPTSMHandset
import Synchronization
import TSMAPI
import TrustedServiceModel

/// Speaks to the engine as the routes do, counts requests, and can lose or change what passes.
final class EngineTransport: BackendTransport {
    struct Passed: Sendable { var path: String; var body: [UInt8] }
    enum Fault: Sendable { case loseAnswer, loseRequest }

    let bench: TSMBench
    let caller: HandsetCaller
    let passed = Mutex<[Passed]>([])
    /// By request number, counted from 1 over all requests of this transport.
    let faults = Mutex<[Int: Fault]>([:])
    /// Runs before the request with this number reaches the engine.
    let before = Mutex<[Int: @Sendable () async throws -> Void]>([:])

    /// Changes the body of the request with this number.
    let edits = Mutex<[Int: @Sendable ([UInt8]) throws -> [UInt8]]>([:])

    init(bench: TSMBench, caller: HandsetCaller) {
        self.bench = bench
        self.caller = caller
    }

    var requests: Int { passed.withLock { $0.count } }

    func send(method: String, path: String, headers: [(name: String, value: String)], body: [UInt8]) async throws(TSMFailure) -> BackendAnswer {
        if path.hasSuffix("/registrations") {
            return BackendAnswer(status: 200, body: Array(#"{"accessToken":"token","expiresIn":3600}"#.utf8))
        }
        let number = passed.withLock { $0.append(Passed(path: path, body: body)); return $0.count }
        let fault = faults.withLock { $0[number] }
        if let hook = before.withLock({ $0[number] }) { do { try await hook() } catch { throw TSMFailure(.internalError, "\(error)") } }
        if fault == .loseRequest { throw TSMFailure(.networkConnectionError, "lost") }
        let answer: BackendAnswer
        do {
            let key = headers.first { $0.name == "idempotency-key" }?.value ?? ""
            let sent = try edits.withLock { $0[number] }.map { try $0(body) } ?? body
            answer = BackendAnswer(status: 200, body: try await answered(path, sent, key).body)
        } catch let refusal as HandsetRefusal {
            answer = BackendAnswer(status: refusal.code == .unknownDialog ? 404 : 409, body: Array("{\"detail\":\"\(refusal.reason)\"}".utf8))
        } catch {
            throw TSMFailure(.internalError, "\(error)")
        }
        if fault == .loseAnswer { throw TSMFailure(.networkConnectionError, "lost") }
        return answer
    }

    private func answered(_ path: String, _ body: [UInt8], _ key: String) async throws -> EncodedAnswer {
        // Behind /tsm-api/v1.
        let parts: [String] = path.split(separator: "/").dropFirst(2).map { String($0) }
        let digest = SessionDigest.of(Array(path.utf8) + body)
        func begin(_ purpose: DialogRecord.Purpose, _ handshake: HandsetAPI.Handshake) async throws -> EncodedAnswer {
            try await bench.engine.begin(purpose, handshake: handshake, caller: caller, idempotencyKey: key, requestDigest: digest)
        }
        switch (parts[0], parts.count) {
        case ("service-instances", 1):
            let request = try WireJSON.decode(HandsetAPI.CreateRequest.self, from: body)
            return try await begin(.create(serviceId: request.serviceId, version: request.version), request.handshake)
        case ("service-instance-queries", _):
            let request = try WireJSON.decode(HandsetAPI.QueryRequest.self, from: body)
            return try await begin(.query(serviceId: request.serviceId), request.handshake)
        case ("service-instances", _) where parts[2] == "deployments":
            let request = try WireJSON.decode(HandsetAPI.DeployRequest.self, from: body)
            return try await begin(.deploy(instanceId: parts[1], commands: request.serviceCommands, finalize: request.finalizeDeployment), request.handshake)
        case ("service-instances", _) where parts[2] == "updates":
            let request = try WireJSON.decode(HandsetAPI.UpdateRequest.self, from: body)
            return try await begin(.update(instanceId: parts[1], version: request.newVersion, commands: request.serviceCommands, finalize: request.finalizeDeployment), request.handshake)
        case ("service-instances", _) where parts[2] == "suspensions":
            let request = try WireJSON.decode(HandsetAPI.SuspensionRequest.self, from: body)
            return try await begin(.suspend(instanceId: parts[1], suspensionControl: request.suspensionControl), request.handshake)
        case ("service-instances", _) where parts[2] == "update-checks":
            let request = try WireJSON.decode(HandsetAPI.UpdateCheckRequest.self, from: body)
            return try await begin(.checkUpdate(instanceId: parts[1], version: request.newVersion), request.handshake)
        case ("service-deployment-checks", _):
            let request = try WireJSON.decode(HandsetAPI.DeploymentCheckRequest.self, from: body)
            return try await begin(.checkDeployment(serviceId: request.serviceId, version: request.version), request.handshake)
        case ("service-instances", _):
            let request = try WireJSON.decode(HandsetAPI.TerminateRequest.self, from: body)
            return try await begin(.terminate(instanceId: parts[1]), request.handshake)
        default:
            return try await bench.engine.report(Int(parts[3]) ?? 0, try WireJSON.decode(SERAM.Report.self, from: body), digest: SessionDigest.of(body), dialogId: parts[1], caller: caller)
        }
    }
}

/// An SP app on a handset with one simulated component.
struct Handset {
    let transport: EngineTransport
    let client: TSMClient
    let card: SimulatedCard

    init(_ bench: TSMBench, _ card: SimulatedCard, provider: String = FixedCatalogue.provider, app: String = FixedCatalogue.app, device: String = "device-1", retries: Int = 0) throws {
        transport = EngineTransport(bench: bench, caller: HandsetCaller(serviceProviderId: provider, deviceAppId: app, deviceKeyThumbprint: device))
        self.card = card
        let reader = SimulatorReader(name: "eSE1", card: card, accessControl: AccessControl(deviceApp: try DeviceAppID(hex: app)))
        let configuration = TSMClientConfiguration(handsetURL: URL(string: "https://127.0.0.1:1/tsm-api/v1") ?? URL(filePath: "/"), serviceProviderId: provider, deviceAppId: app,
                                                   issuerSecurityDomains: [.issuerSecurityDomain], retries: retries)
        client = TSMClient(configuration: configuration, transport: transport, deviceKey: SoftwareTokenSigner(), secureComponents: SimulatorService([reader]))
    }

    func create() async -> CreateServiceInstanceResult { await client.createServiceInstance(serviceId: FixedCatalogue.serviceId, version: "1.0.0") }

    func deploy(_ id: String, _ commands: [ServiceCommand] = Handset.all, finalize: Bool = true, listener: (any ProcessListener)? = nil) async -> DeployServiceResult {
        await client.deployService(serviceInstanceId: id, serviceCommands: commands, finalizeDeployment: finalize, listener: listener)
    }

    static let all: [ServiceCommand] = [.install(installationData: [:]), .personalize(personalizationData: [:]), .activate(suspensionControl: false)]
}

/// Remembers what it was told.
final class RecordingListener: ProcessListener {
    struct Refused: Error {}
    let told = Mutex<(starts: [ProcessStart], progress: [Int])>(([], []))
    let refuses: Bool

    init(refuses: Bool = false) { self.refuses = refuses }

    func onProcessStart(_ start: ProcessStart) async throws {
        told.withLock { $0.starts.append(start) }
        if refuses { throw Refused() }
    }

    func onProcessProgress(_ progress: ProcessProgress) async { told.withLock { $0.progress.append(progress.progress) } }
}
