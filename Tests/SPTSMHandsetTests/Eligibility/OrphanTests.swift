import DeploymentDocument
import GlobalPlatform
import SecureComponentSimulator
@testable import SPTSMHandset
import TSMAPI
import Testing
import TrustedServiceModel

/// TR-03165 3.2.3.
@Suite("what the service provider removes, and instances deployed from it")
struct OrphanTests {
    /// Beside 1.0.0, from the same Flavor.
    static let next = VersionSummary(tag: "1.1.0", flavorByProfile: [TSMBench.profile: FixedCatalogue.flavor])

    enum Removed: CaseIterable, Sendable {
        case flavor, service

        @Sendable func take(_ state: inout FixedCatalogue.State) {
            switch self {
            case .flavor:
                // It was taken out of the Versions first: a Flavor that one deploys cannot be deleted.
                state.versions = ["1.0.0", "1.1.0"].map { VersionSummary(tag: $0, flavorByProfile: [:]) }
                state.moreVersions = []
                state.deletedFlavors = [FixedCatalogue.flavor]
            case .service:
                state.isDeleted = true
                state.deletedFlavors = [FixedCatalogue.flavor]
            }
        }
    }

    private func update(_ handset: Handset, _ id: String, _ version: String = "1.1.0") async -> UpdateServiceResult {
        await handset.client.updateService(serviceInstanceId: id, newVersion: version, serviceCommands: Handset.all, finalizeDeployment: true)
    }

    private func suspend(_ handset: Handset, _ id: String, _ control: Bool) async -> ErrorCategory {
        await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: control).processInfo.executionStatus
    }

    @Test("deploy and update 12 with who removed what; suspend, resume and terminate go on", arguments: Removed.allCases, [false, true])
    func deployed(removed: Removed, isSuspended: Bool) async throws {
        try await withBench { bench in
            bench.catalogue.state.withLock { $0.moreVersions = [Self.next] }
            let card = try await bench.card()
            let before = card.image
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            if isSuspended { #expect(await suspend(handset, id, true) == .noError) }
            let content = card.image.registry
            bench.catalogue.state.withLock { removed.take(&$0) }
            for result in [await handset.deploy(id), await handset.deploy(id, []), await update(handset, id), await update(handset, id, "7.7.7")] {
                #expect(result.processInfo.executionStatus == .orphanedServiceInstance && result.processInfo.processId.isEmpty, "\(result.processInfo.executionMessage)")
                #expect(result.processInfo.executionMessage.contains("removed by its service provider"), "\(result.processInfo.executionMessage)")
                #expect(result.serviceCommandResults.allSatisfy { $0.commandExecutionStatus == .notExecuted })
            }
            #expect(card.image.registry == content)
            // Arguments come first.
            #expect(await handset.deploy(id, [Handset.all[0], Handset.all[0]]).processInfo.executionStatus == .invalidArgument)
            for control in [true, false, true, true] { #expect(await suspend(handset, id, control) == .noError) }
            #expect(await handset.client.checkServiceUpdateAvailable(serviceInstanceId: id, newVersion: "x.x.x") == ServiceUpdateAvailableResult())
            if removed == .flavor {
                // The Service is there: its instances are told.
                #expect(await handset.client.getServiceInstances(serviceId: FixedCatalogue.serviceId).serviceInstances.map(\.state) == [.suspended])
            }
            let terminated = await handset.client.terminateService(serviceInstanceId: id)
            #expect(terminated.processInfo.executionStatus == .noError, "\(terminated.processInfo.executionMessage)")
            #expect(card.image.registry == before.registry && card.image.accessRules == before.accessRules)
        }
    }

    @Test("on the way to deployment, and in error: 12, suspension 13, terminate", arguments: Removed.allCases, [1, 2, 0])
    func underDeployment(removed: Removed, steps: Int) async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let before = card.image.registry
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            if steps == 0 {
                handset.transport.faults.withLock { $0[4] = .loseRequest }
                _ = await handset.deploy(id)
                bench.clock.advance(by: 61)
                #expect(try await bench.engine.endExpiredDialogs() == 1)
            } else {
                for step in 0..<steps { #expect(await handset.deploy(id, [Handset.all[step]], finalize: false).processInfo.executionStatus == .noError) }
            }
            bench.catalogue.state.withLock { removed.take(&$0) }
            #expect(await handset.deploy(id, [Handset.all[2]]).processInfo.executionStatus == .orphanedServiceInstance)
            #expect(await handset.deploy(id).processInfo.executionStatus == .orphanedServiceInstance)
            #expect(await update(handset, id).processInfo.executionStatus == .orphanedServiceInstance)
            for control in [true, false] { #expect(await suspend(handset, id, control) == .notAllowed) }
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
            #expect(card.image.registry == before)
        }
    }

    @Test("in error after a suspension that was interrupted: an orphan is not suspended from there, another one is", arguments: [true, false])
    func inErrorFromDeployed(isOrphan: Bool) async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            handset.transport.faults.withLock { $0[handset.transport.requests + 2] = .loseRequest }
            #expect(await suspend(handset, id, true) == .networkConnectionError)
            bench.clock.advance(by: 61)
            #expect(try await bench.engine.endExpiredDialogs() == 1)
            #expect(await handset.client.getServiceInstances(serviceId: FixedCatalogue.serviceId).serviceInstances.map(\.state) == [.inError])
            if isOrphan { bench.catalogue.state.withLock { Removed.flavor.take(&$0) } }
            #expect(await suspend(handset, id, false) == (isOrphan ? .notAllowed : .noError))
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
        }
    }

    @Test("never deployed: no orphan; 8, or what the Version has now")
    func notDeployed() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            bench.catalogue.state.withLock { Removed.flavor.take(&$0) }
            #expect(await handset.deploy(id).processInfo.executionStatus == .noEligibleSecureComponent)
            // Another Flavor has taken its place.
            let successor = "3b1d6f0e-0000-4000-8000-0000000000f2"
            bench.catalogue.state.withLock { $0.versions = [VersionSummary(tag: "1.0.0", flavorByProfile: [TSMBench.profile: successor])] }
            let deployed = await handset.deploy(id)
            #expect(deployed.serviceInstanceState == .operational && deployed.technicalInformation.flavorId == successor, "\(deployed.processInfo.executionMessage)")
        }
    }

    @Test("unlinking a Flavor, and deleting the Version, is no removal: no orphan; an update goes on, a deployment anew has nothing to deploy")
    func unlinked() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id, [Handset.all[0]], finalize: false).serviceInstanceState == .installed)
            for versions in [[VersionSummary(tag: "1.0.0", flavorByProfile: [:])], []] {
                bench.catalogue.state.withLock { $0.versions = versions + [Self.next] }
                // What is on the card goes on; what is not there any more is not made anew.
                let again = await handset.deploy(id, [Handset.all[0], Handset.all[1]], finalize: false)
                #expect([.notAllowed, .noEligibleSecureComponent].contains(again.processInfo.executionStatus), "\(again.processInfo.executionMessage)")
            }
            #expect(await handset.deploy(id, [Handset.all[1], Handset.all[2]]).serviceInstanceState == .operational)
            #expect(await handset.client.checkServiceUpdateAvailable(serviceInstanceId: id, newVersion: "x.x.x").newVersion == "1.1.0")
            #expect(await update(handset, id).serviceInstanceState == .operational)
        }
    }
}
