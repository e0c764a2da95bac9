import GlobalPlatform
import SecureComponentSimulator
@testable import SPTSMHandset
import TSMAPI
import Testing
import TrustedServiceModel

/// TR-03165 4.2.4.4: category 19.
@Suite("maintenance")
struct MaintenanceTests {
    @Test("nothing new begins, what runs finishes, a repeated request gets its answer; afterwards all is as before", arguments: [CardProfile.eSE, .eSERandom])
    func closed(profile: CardProfile) async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card(profile), retries: 1)
            let id = try #require(await handset.create().serviceInstance?.id)
            // Closed while the first order is out; the answer to the request that began is lost besides.
            handset.transport.faults.withLock { $0[3] = .loseAnswer }
            handset.transport.before.withLock { $0[4] = { bench.catalogue.state.withLock { $0.isClosed = true } } }
            let deployed = await handset.deploy(id)
            #expect(deployed.serviceInstanceState == .operational, "\(deployed.processInfo.executionMessage)")

            let content = handset.card.image.registry
            let service = FixedCatalogue.serviceId
            let told: [(ErrorCategory, String)] = [
                (await handset.create().executionStatus, await handset.create().executionMessage),
                (await handset.client.getServiceInstances(serviceId: service).executionStatus, ""),
                (await handset.deploy(id).processInfo.executionStatus, await handset.deploy(id).processInfo.executionMessage),
                (await handset.client.updateService(serviceInstanceId: id, newVersion: "1.1.0", serviceCommands: Handset.all, finalizeDeployment: true).processInfo.executionStatus, ""),
                (await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true).processInfo.executionStatus, ""),
                (await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus, ""),
                (await handset.client.checkServiceDeploymentAvailable(serviceId: service, version: "x.x.x").executionStatus, ""),
                (await handset.client.checkServiceUpdateAvailable(serviceInstanceId: id, newVersion: "x.x.x").executionStatus, ""),
            ]
            for (category, message) in told {
                #expect(category == .underMaintenance)
                #expect(message.isEmpty || message == "Under maintenance: The system is currently not available, please try again later.")
            }
            #expect(handset.card.image.registry == content)
            #expect(try await bench.engine.openDialogCount() == 0)
            bench.catalogue.state.withLock { $0.isClosed = false }
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
        }
    }
}
