import Foundation
import GlobalPlatform
import Identity
import SecureComponent
import SecureComponentSimulator
import Synchronization
import Testing
import TSMAPI
import TrustedServiceModel

/// An SP app that wants its service deployed and goes by nothing but what it is told.
final class SoakHandset: Sendable {
    struct Story: Sendable {
        /// Categories and messages of calls that failed, in order.
        var failures: [String] = []
        var releases = 0
        var isOperational = false
    }

    let card: IssuedCards.Card
    private let client: TSMClient
    private let reader: SimulatorReader
    private let story = Mutex(Story())

    init(_ testbed: RunningTestbed, _ card: IssuedCards.Card, transport: any BackendTransport) throws {
        let file = testbed.file
        let (provider, url) = (file.serviceProviders[0], try #require(URL(string: file.gateway.handsetURL)))
        let app = try #require(provider.apps.first).deviceAppId
        self.card = card
        reader = SimulatorReader(name: "eSE1", card: card.card, accessControl: AccessControl(deviceApp: try DeviceAppID(hex: app)))
        client = TSMClient(
            configuration: TSMClientConfiguration(handsetURL: url, serviceProviderId: provider.id, deviceAppId: app, issuerSecurityDomains: [.issuerSecurityDomain]),
            transport: transport, deviceKey: SoftwareTokenSigner(), secureComponents: SimulatorService([reader]))
    }

    var told: Story { story.withLock { $0 } }

    /// Categories that ask for another try later: the TSM, its issuer or the network is away, the process was interrupted, or one is still running.
    private static let passing: Set<ErrorCategory> = [.tsmNotAvailable, .networkConnectionError, .executionInterrupted, .notAllowed, .issuerError, .underMaintenance, .overloadProtection]

    /// Creates and deploys, again and again, until it is OPERATIONAL or `patience` ends.
    func deploy(_ service: String, issuer: IssuedCards, patience: Duration) async throws {
        _ = try await wait(upTo: patience) { try await self.tryOnce(service, issuer) ? true : nil }
        await reader.closeSessions()
    }

    private func tryOnce(_ service: String, _ issuer: IssuedCards) async throws -> Bool {
        let asked = await client.getServiceInstances(serviceId: service)
        guard try await passes(asked.executionStatus, asked.executionMessage, issuer) else { return false }
        var instance = asked.serviceInstances.first
        if instance == nil {
            let created = await client.createServiceInstance(serviceId: service, version: "1.0.0")
            // Made by a call whose answer was lost.
            if created.executionStatus == .alreadyExists { return false }
            guard try await passes(created.executionStatus, created.executionMessage, issuer) else { return false }
            instance = created.serviceInstance
        }
        guard let instance else { return false }
        if instance.state == .operational {
            story.withLock { $0.isOperational = true }
            return true
        }
        let result = await client.deployService(serviceInstanceId: instance.id, serviceCommands: TestHandset.allCommands, finalizeDeployment: true)
        // Once more, so that it is the TSM that says OPERATIONAL.
        _ = try await passes(result.processInfo.executionStatus, result.processInfo.executionMessage, issuer)
        return false
    }

    private func passes(_ category: ErrorCategory, _ message: String, _ issuer: IssuedCards) async throws -> Bool {
        if category == .noError { return true }
        story.withLock { $0.failures.append("\(category.rawValue) \(message)") }
        #expect(Self.passing.contains(category), "\(card.id): \(message)")
        // Sessions whose answers died with a service count as brought back by nobody.
        if message.contains("has blocked") {
            story.withLock { $0.releases += 1 }
            // The issuer may be among the dead.
            do { try await issuer.release(card.id) } catch { story.withLock { $0.failures.append("release: \(error)") } }
        }
        return false
    }
}
