import Foundation
import GlobalPlatform
import Identity
import SecureComponent
import SecureComponentSimulator
import Synchronization
import Testing
import TSMAPI
import TrustedServiceModel

/// How far the work is, for whoever breaks it.
final class Progress: Sendable {
    private struct State {
        var succeeded: [String] = []
        var isOver = false
    }
    private let state = Mutex(State())

    /// Processes that ended well, as their apps were told.
    var succeeded: [String] { state.withLock { $0.succeeded } }

    func succeed(_ process: String) { state.withLock { $0.succeeded.append(process) } }
    func end() { state.withLock { $0.isOver = true } }

    /// - Returns: false: the work was over before.
    func reach(_ count: Int) async -> Bool {
        while true {
            let (now, isOver) = state.withLock { ($0.succeeded.count, $0.isOver) }
            if now >= count { return true }
            if isOver { return false }
            do { try await Task.sleep(for: .milliseconds(10)) } catch { return false }
        }
    }
}

/// Deploys, then suspends and resumes, each until it succeeds.
struct ReportingHandset {
    private let client: TSMClient
    private let reader: SimulatorReader

    init(_ testbed: RunningTestbed, _ card: IssuedCards.Card, transport: any BackendTransport) throws {
        let provider = testbed.file.serviceProviders[0]
        let app = try #require(provider.apps.first).deviceAppId
        reader = SimulatorReader(name: "eSE1", card: card.card, accessControl: AccessControl(deviceApp: try DeviceAppID(hex: app)))
        client = TSMClient(
            configuration: TSMClientConfiguration(handsetURL: try #require(URL(string: testbed.file.gateway.handsetURL)), serviceProviderId: provider.id, deviceAppId: app,
                                                  issuerSecurityDomains: [.issuerSecurityDomain]),
            transport: transport, deviceKey: SoftwareTokenSigner(), secureComponents: SimulatorService([reader]))
    }

    func run(_ service: String, processes: Int, _ done: Progress) async throws {
        let patience = Duration.seconds(60)
        let instance = try #require(try await wait(upTo: patience) {
            let created = await client.createServiceInstance(serviceId: service, version: "1.0.0")
            // Made by a call whose answer was lost.
            if created.executionStatus == .alreadyExists { return await client.getServiceInstances(serviceId: service).serviceInstances.first }
            return created.serviceInstance
        })
        try await succeed("deploy", patience, done) {
            let result = await client.deployService(serviceInstanceId: instance.id, serviceCommands: TestHandset.allCommands, finalizeDeployment: true)
            // Told before, in an answer that was lost.
            return result.processInfo.executionStatus == .notAllowed && result.serviceInstanceState == .operational ? nil : result.processInfo
        }
        for number in 0..<processes {
            try await succeed("process \(number)", patience, done) {
                await client.suspendOrResumeService(serviceInstanceId: instance.id, suspensionControl: number % 2 == 0).processInfo
            }
        }
        await reader.closeSessions()
    }

    /// - Parameter body: nil: it is done already.
    private func succeed(_ what: String, _ patience: Duration, _ done: Progress, _ body: () async -> TrustedServiceModel.ProcessInfo?) async throws {
        var last = ""
        let reached = try await wait(upTo: patience) {
            guard let info = await body() else { return true }
            guard info.executionStatus == .noError else {
                last = info.executionMessage
                return nil
            }
            done.succeed(info.processId)
            return true
        }
        try #require(reached == true, "\(what) never succeeded: \(last)")
    }
}
