import Foundation
import GlobalPlatform
import SecureComponent
import SecureComponentSimulator
@testable import SPTSMHandset
@testable import TSMAPI
import TrustedServiceModel

/// A handset whose SERAM agent is of another maker: it says that it does not stop at an error, and does not.
struct ForeignPhone: FaultedPhone {
    let transport: EngineTransport
    private let service: SimulatorService

    init(_ bench: TSMBench, _ card: SimulatedCard, device: String) throws {
        transport = EngineTransport(bench: bench, caller: HandsetCaller(serviceProviderId: FixedCatalogue.provider, deviceAppId: FixedCatalogue.app, deviceKeyThumbprint: device))
        service = SimulatorService([SimulatorReader(name: "eSE1", card: card, accessControl: AccessControl(deviceApp: try DeviceAppID(hex: FixedCatalogue.app)))])
    }

    func create() async -> Told {
        await told("/service-instances") { HandsetAPI.CreateRequest(serviceId: FixedCatalogue.serviceId, version: "1.0.0", handshake: $0) }
    }

    func deploy(_ id: String, _ commands: [ServiceCommand], finalize: Bool) async -> Told {
        await told("/service-instances/\(id)/deployments") { HandsetAPI.DeployRequest(serviceCommands: commands, finalizeDeployment: finalize, handshake: $0) }
    }

    func update(_ id: String) async -> Told {
        await told("/service-instances/\(id)/updates") {
            HandsetAPI.UpdateRequest(newVersion: FaultedCatalogue.nextVersion, serviceCommands: Handset.all, finalizeDeployment: true, handshake: $0)
        }
    }

    func suspend(_ id: String, _ control: Bool) async -> Told {
        await told("/service-instances/\(id)/suspensions") { HandsetAPI.SuspensionRequest(suspensionControl: control, handshake: $0) }
    }

    func terminate(_ id: String) async -> Told { await told("/service-instances/\(id)/terminations") { HandsetAPI.TerminateRequest(handshake: $0) } }

    func instances() async -> (told: Told, found: [ServiceInstance]) {
        do throws(TSMFailure) {
            let outcome = try await dialog("/service-instance-queries") { HandsetAPI.QueryRequest(serviceId: FixedCatalogue.serviceId, handshake: $0) }
            guard case .instances(let result) = outcome else { return (Told(category: .internalError, message: "another call's result"), []) }
            return (Told(outcome), result.serviceInstances)
        } catch {
            return (Told(category: error.category, message: error.executionMessage), [])
        }
    }

    private func told(_ path: String, _ request: (HandsetAPI.Handshake) -> some Encodable) async -> Told {
        do throws(TSMFailure) { return Told(try await dialog(path, request)) } catch { return Told(category: error.category, message: error.executionMessage) }
    }

    private func dialog(_ path: String, _ request: (HandsetAPI.Handshake) -> some Encodable) async throws(TSMFailure) -> HandsetAPI.Outcome {
        let read = await ComponentReader(service: service, issuerSecurityDomains: [.issuerSecurityDomain]).components()
        if read.components.isEmpty, let refusal = read.refusals.first { throw TSMFailure(.secureComponentInaccessible, refusal) }
        let agent = RunOnAgent(service: service)
        do throws(TSMFailure) {
            let outcome = try await exchange(path, request(HandsetAPI.Handshake(components: read.components, stopsOnError: false)), agent)
            await agent.close()
            return outcome
        } catch {
            await agent.close()
            throw error
        }
    }

    private func exchange(_ path: String, _ request: some Encodable, _ agent: RunOnAgent) async throws(TSMFailure) -> HandsetAPI.Outcome {
        var answer = try await call(path, request, key: UUID().uuidString)
        while true {
            if let result = answer.result { return result }
            guard let order = answer.order, let number = answer.reportNumber else { throw TSMFailure(.internalError, "neither an order nor a result") }
            answer = try await call("/processes/\(answer.dialogId)/reports/\(number)", await agent.run(order), key: nil)
        }
    }

    private func call(_ path: String, _ body: some Encodable, key: String?) async throws(TSMFailure) -> HandsetAPI.DialogAnswer {
        let bytes: [UInt8]
        do { bytes = Array(try JSONEncoder().encode(body)) } catch { throw TSMFailure(.internalError, "\(error)") }
        let answer = try await transport.send(method: "POST", path: "/tsm-api/v1" + path, headers: key.map { [(name: "idempotency-key", value: $0)] } ?? [], body: bytes)
        guard answer.status == 200 else { throw TSMFailure(.executionInterrupted, String(decoding: answer.body, as: UTF8.self)) }
        do { return try JSONDecoder().decode(HandsetAPI.DialogAnswer.self, from: Data(answer.body)) } catch { throw TSMFailure(.internalError, "\(error)") }
    }
}

/// Runs every command of an order, whatever the ones before it were answered; answers what it could not run with an empty string.
actor RunOnAgent {
    private let service: SimulatorService
    private var session: (any Session)?
    private var channel: (any Channel)?

    init(service: SimulatorService) { self.service = service }

    func run(_ order: SERAM.Order) async -> SERAM.Report {
        var responses: [SERAM.Response] = []
        for case .apdus(let list) in order.ramCommands ?? [] {
            var answers: [String] = []
            for text in list { answers.append(await answer(text)) }
            responses.append(SERAM.Response(listOfRAPDU: answers))
        }
        return SERAM.Report(localAgentStatus: SERAM.AgentStatus(responses.isEmpty ? .polling : .processed, executedSeRamCommands: responses.count), ramResponses: responses)
    }

    func close() async {
        await channel?.close()
        await session?.close()
        (channel, session) = (nil, nil)
    }

    private func answer(_ text: String) async -> String {
        do throws(SecureComponentError) {
            guard let bytes = try? Hex.decode(text), let command = try? CommandAPDU(bytes: bytes) else { return "" }
            let isSelect = command.ins == Instruction.select && command.cla & 0x80 == 0
            let response = isSelect ? try await select(command) : try await channel?.transmit(command)
            return response.map { Hex.encodeUpperCase($0.bytes) } ?? ""
        } catch {
            return ""
        }
    }

    private func select(_ command: CommandAPDU) async throws(SecureComponentError) -> ResponseAPDU? {
        if session == nil || session?.isClosed == true { session = try await service.simulatorReaders.first?.openSession() }
        guard let session, let aid = try? AID(command.data) else { return nil }
        await channel?.close()
        channel = nil
        do throws(SecureComponentError) {
            channel = try await session.openLogicalChannel(aid)
            return channel?.selectResponse
        } catch {
            switch error {
            case .applicationNotFound: return ResponseAPDU(statusWord: .applicationNotFound)
            case .selectionRefused(_, let statusWord): return ResponseAPDU(statusWord: statusWord)
            case .componentLost:
                // The next SELECT connects anew.
                await session.close()
                self.session = nil
                return nil
            default: throw error
            }
        }
    }
}
