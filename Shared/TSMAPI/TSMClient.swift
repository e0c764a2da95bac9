import Foundation
import GlobalPlatform
import Identity
import SecureComponent
import TrustedServiceModel

/// The TSM-API of TR-03165 4.2 for an SP app: every method returns the TR's result object, never throws, and says in
/// `executionStatus` and `executionMessage` what went wrong.
///
/// Transport, secure components and the device key are injected, so that it runs on any platform.
public final class TSMClient: Sendable {
    private let configuration: TSMClientConfiguration
    private let backend: Backend
    private let service: any SecureElementService
    let now: @Sendable () -> Date
    private let uuid: @Sendable () -> String
    /// Keeps orders for one secure component apart: two secure channels on one security domain would end each other.
    private let gate = AsyncGate()

    /// - Parameters:
    ///   - deviceKey: P-256 key of this installation; tokens are bound to it.
    ///   - secureComponents: the handset's readers, opened on behalf of this app.
    public init(configuration: TSMClientConfiguration, transport: any BackendTransport, deviceKey: any TokenSigner, secureComponents: any SecureElementService,
                now: @escaping @Sendable () -> Date = { Date() }, uuid: @escaping @Sendable () -> String = { UUID().uuidString.lowercased() }) {
        self.configuration = configuration
        self.backend = Backend(configuration: configuration, transport: transport, deviceKey: deviceKey, now: now, uuid: uuid)
        self.service = secureComponents
        self.now = now
        self.uuid = uuid
    }

    /// 4.2.5.1: eligibility check and a new ServiceInstance in state NOT_DEPLOYED.
    public func createServiceInstance(serviceId: String, version: String) async -> CreateServiceInstanceResult {
        do throws(TSMFailure) {
            guard case .created(let result) = try await dialog("/service-instances", nil, { HandsetAPI.CreateRequest(serviceId: serviceId, version: version, handshake: $0) }) else { throw Self.foreignResult }
            return result
        } catch {
            return CreateServiceInstanceResult(serviceInstance: nil, executionStatus: error.category, executionMessage: error.executionMessage)
        }
    }

    /// 4.2.5.2: instances of a Service on the components of this handset.
    public func getServiceInstances(serviceId: String) async -> GetServiceInstancesResult {
        do throws(TSMFailure) {
            guard case .instances(let result) = try await dialog("/service-instance-queries", nil, { HandsetAPI.QueryRequest(serviceId: serviceId, handshake: $0) }) else { throw Self.foreignResult }
            return result
        } catch {
            return GetServiceInstancesResult(serviceInstances: [], executionStatus: error.category, executionMessage: error.executionMessage)
        }
    }

    /// 4.2.5.3: install, personalize, activate, finalize.
    public func deployService(serviceInstanceId: String, serviceCommands: [ServiceCommand], finalizeDeployment: Bool, listener: (any ProcessListener)? = nil) async -> DeployServiceResult {
        let began = now()
        do throws(TSMFailure) {
            let path = try Self.path(serviceInstanceId, "deployments")
            guard case .deployed(let result) = try await dialog(path, listener, {
                HandsetAPI.DeployRequest(serviceCommands: serviceCommands, finalizeDeployment: finalizeDeployment, handshake: $0)
            }) else { throw Self.foreignResult }
            return result
        } catch {
            return notStarted(error, serviceCommands, began)
        }
    }

    /// 4.2.5.6: removes everything of the instance from the component.
    public func terminateService(serviceInstanceId: String, listener: (any ProcessListener)? = nil) async -> TerminateServiceResult {
        let began = now()
        do throws(TSMFailure) {
            let path = try Self.path(serviceInstanceId, "terminations")
            guard case .terminated(let result) = try await dialog(path, listener, { HandsetAPI.TerminateRequest(handshake: $0) }) else { throw Self.foreignResult }
            return result
        } catch {
            return TerminateServiceResult(processInfo: info(error, began))
        }
    }

    /// 4.2.5.9: tokens come from `source` from now on; nil: from the TSM's own registration.
    public func setAccessToken(_ source: (any AccessTokenSource)?) async -> SetAccessTokenResult {
        await backend.use(source)
        return SetAccessTokenResult()
    }

    // MARK: dialog

    static let foreignResult = TSMFailure(.internalError, "the TSM answered with the result of another call")

    static func path(_ instance: String, _ verb: String) throws(TSMFailure) -> String {
        guard UUID(uuidString: instance) != nil else { throw TSMFailure(.invalidArgument, "serviceInstanceId is not a UUID") }
        return "/service-instances/\(instance.lowercased())/\(verb)"
    }

    /// Request, then orders and reports until the result: no round trip is spent on anything else.
    func dialog(_ path: String, _ listener: (any ProcessListener)?, _ request: (HandsetAPI.Handshake) -> some Encodable & Sendable) async throws(TSMFailure) -> HandsetAPI.Outcome {
        let reader = ComponentReader(service: service, issuerSecurityDomains: configuration.issuerSecurityDomains)
        let (components, refusals) = await reader.components()
        if components.isEmpty, let refusal = refusals.first {
            throw TSMFailure(.secureComponentInaccessible, "no secure component lets this app read it (\(refusal)); its issuer has to allow it")
        }
        let agent = LocalAgent(service: service, components: components, listener: listener)
        do throws(TSMFailure) {
            let outcome = try await exchange(path, request(HandsetAPI.Handshake(components: components, provesTogether: true, inaccessible: refusals.isEmpty ? nil : refusals)), agent)
            await agent.close()
            return outcome
        } catch {
            await agent.close()
            throw error
        }
    }

    private func exchange(_ path: String, _ request: some Encodable & Sendable, _ agent: LocalAgent) async throws(TSMFailure) -> HandsetAPI.Outcome {
        var answer: HandsetAPI.DialogAnswer = try await backend.call(path, request, idempotencyKey: uuid())
        while true {
            if let result = answer.result { return result }
            guard let order = answer.order, let number = answer.reportNumber else { throw TSMFailure(.internalError, "the TSM answered with neither an order nor a result") }
            if Task.isCancelled { throw TSMFailure(.executionInterrupted, "the call was cancelled; process \(answer.dialogId) ends by itself") }
            if let delay = order.delay, delay > 0 { try? await Task.sleep(for: .milliseconds(min(delay, 10_000))) }
            var report = await run(order, agent)
            if let others = answer.alongside {
                var reports: [SERAM.Report] = []
                for other in others { reports.append(await run(other, agent)) }
                report.alongside = reports
            }
            answer = try await backend.call("/processes/\(answer.dialogId)/reports/\(number)", report, idempotencyKey: nil)
        }
    }

    private func run(_ order: SERAM.Order, _ agent: LocalAgent) async -> SERAM.Report {
        let component = agent.reader(of: order) ?? ""
        await gate.enter(component)
        let report = await agent.run(order)
        gate.leave(component)
        configuration.log?("order for \(component): \(report.ramResponses?.reduce(0) { $0 + $1.listOfRAPDU.count } ?? 0) answers, \(report.localAgentStatus.localAgentStatusEnum.rawValue)")
        return report
    }

    /// A deployment or update of which nothing is known here but that it failed.
    func notStarted(_ failure: TSMFailure, _ commands: [ServiceCommand], _ began: Date) -> DeployServiceResult {
        DeployServiceResult(processInfo: info(failure, began), serviceInstanceState: .unknown, technicalInformation: TechnicalInformation(),
                            serviceCommandResults: commands.map { ServiceCommandResult(commandExecutionStatus: .notExecuted, personalizationResults: $0.kind == .personalize ? [] : nil) },
                            reader: "")
    }

    func info(_ failure: TSMFailure, _ began: Date) -> TrustedServiceModel.ProcessInfo {
        TrustedServiceModel.ProcessInfo(processId: "", executionStatus: failure.category, executionMessage: failure.executionMessage, startDate: Timestamp.text(began), endDate: Timestamp.text(now()))
    }
}
