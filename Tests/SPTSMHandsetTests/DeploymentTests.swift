import GlobalPlatform
import SecureComponentSimulator
@testable import SPTSMHandset
import TSMAPI
import Testing
import TrustedServiceModel

@Suite("deployment, in process: engines, vaults, card")
struct DeploymentTests {
    /// TR-03165 3.2, 3.3; round-trip budget: requests including the final report.
    @Test("round trips of a whole life", arguments: CardProfile.proving)
    func wholeLife(profile: CardProfile) async throws {
        let (deployTrips, terminateTrips) = (profile.deploymentTrips, profile.terminationTrips)
        try await withBench { bench in
            let card = try await bench.card(profile)
            let before = card.image
            let handset = try Handset(bench, card)

            let created = await handset.create()
            #expect(created.executionStatus == .noError, "\(created.executionMessage)")
            let instance = try #require(created.serviceInstance)
            #expect(instance.state == .notDeployed && instance.reader == "eSE1" && handset.transport.requests == 2)
            #expect(instance.technicalInformation.flavorId == FixedCatalogue.flavor)

            let listener = RecordingListener()
            let deployed = await handset.deploy(instance.id, listener: listener)
            #expect(deployed.processInfo.executionStatus == .noError, "\(deployed.processInfo.executionMessage)")
            #expect(deployed.serviceInstanceState == .operational)
            #expect(deployed.serviceCommandResults.map(\.commandExecutionStatus) == [.success, .success, .success])
            #expect(handset.transport.requests - 2 == deployTrips)
            listener.told.withLock { told in
                #expect(told.starts.map(\.processId) == [deployed.processInfo.processId])
                #expect(told.starts.first?.callerId == FixedCatalogue.app)
                #expect(!told.progress.isEmpty && told.progress == told.progress.sorted())
            }
            let application = try #require(card.image.registry.first { $0.aid == bench.catalogue.instanceAid })
            #expect(application.lifeCycleState == 0x07 && application.securityDomain == bench.catalogue.document.service.securityDomain)
            #expect(card.image.keySets(of: bench.catalogue.document.service.securityDomain).map(\.version) == [0x31])

            let found = await handset.client.getServiceInstances(serviceId: FixedCatalogue.serviceId)
            #expect(found.serviceInstances.map(\.state) == [.operational])

            let counted = handset.transport.requests
            let terminated = await handset.client.terminateService(serviceInstanceId: instance.id)
            #expect(terminated.processInfo.executionStatus == .noError, "\(terminated.processInfo.executionMessage)")
            #expect(handset.transport.requests - counted == terminateTrips)
            #expect(card.image.registry == before.registry)
            #expect(card.image.accessRules == before.accessRules)
            #expect(card.image.freeMemory(for: .issuerSecurityDomain) == before.freeMemory(for: .issuerSecurityDomain))
            #expect(await handset.client.terminateService(serviceInstanceId: instance.id).processInfo.executionStatus == .notFound)
        }
    }

    @Test("command by command, state by state", arguments: [CardProfile.eSE, .eSERandom])
    func stepwise(profile: CardProfile) async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card(profile))
            let id = try #require(await handset.create().serviceInstance?.id)
            let steps: [([ServiceCommand], Bool, ServiceInstanceState)] = [
                ([Handset.all[0]], false, .installed), ([Handset.all[1]], false, .personalized), ([Handset.all[2]], false, .activated), ([], true, .operational),
            ]
            for (commands, finalize, state) in steps {
                let result = await handset.deploy(id, commands, finalize: finalize)
                #expect(result.processInfo.executionStatus == .noError, "\(state): \(result.processInfo.executionMessage)")
                #expect(result.serviceInstanceState == state)
            }
            #expect(await handset.deploy(id).processInfo.executionStatus == .notAllowed)
        }
    }

    @Test("suspension asked for with Activate locks the application once the deployment is complete")
    func suspended() async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            let result = await handset.deploy(id, [Handset.all[0], .activate(suspensionControl: true)])
            #expect(result.serviceInstanceState == .suspended, "\(result.processInfo.executionMessage)")
            #expect(card.image.registry.first { $0.aid == bench.catalogue.instanceAid }?.lifeCycleState == 0x87)
        }
    }

    @Test("finalizing with suspension in a call of its own")
    func suspendedLater() async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id, [Handset.all[0], .activate(suspensionControl: true)], finalize: false).serviceInstanceState == .activated)
            let result = await handset.deploy(id, [], finalize: true)
            #expect(result.serviceInstanceState == .suspended, "\(result.processInfo.executionMessage)")
            #expect(card.image.registry.first { $0.aid == bench.catalogue.instanceAid }?.lifeCycleState == 0x87)
        }
    }

    @Test("diversified final keys: the vault draws the diversification data")
    func diversified() async throws {
        try await withBench(try FixedCatalogue(profile: TSMBench.profile, mode: 1, keyIndex: TSMBench.spMaster)) { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
        }
    }

    @Test("a prediction spoiled by another app's INITIALIZE UPDATE falls back to the card's challenges")
    func spoiled() async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            // After the handshake was read, before the order runs: another program opens the ISD.
            handset.transport.before.withLock { $0[3] = {
                _ = try card.transmit(SelectCommand(aid: .issuerSecurityDomain).apdu)
                _ = try card.transmit(SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8]))
            } }
            let result = await handset.deploy(id)
            #expect(result.processInfo.executionStatus == .noError, "\(result.processInfo.executionMessage)")
            #expect(result.serviceInstanceState == .operational)
        }
    }
}
