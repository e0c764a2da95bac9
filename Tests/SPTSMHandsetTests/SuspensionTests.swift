import GlobalPlatform
import SecureComponentSimulator
@testable import SPTSMHandset
import Synchronization
import TestMaterial
import TSMAPI
import Testing
import TrustedServiceModel

/// TR-03165 3.2.2, 3.2.3, 4.2.5.5.
@Suite("suspend and resume, in process: engines, vaults, card")
struct SuspensionTests {
    func states(_ card: SimulatedCard, _ bench: TSMBench) -> [UInt8] {
        bench.catalogue.document.applications.compactMap { application in card.image.registry.first { $0.aid == application.instanceAid }?.lifeCycleState }
    }

    func instance(_ handset: Handset) async -> ServiceInstance? {
        await handset.client.getServiceInstances(serviceId: FixedCatalogue.serviceId).serviceInstances.first
    }

    @Test("locked and unlocked on the card, in two round trips, or three where challenges are random", arguments: CardProfile.proving)
    func roundTrips(profile: CardProfile) async throws {
        try await withBench { bench in
            let card = try await bench.card(profile)
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            let rules = card.image.accessRules
            for (suspend, state, operation, onCard) in [(true, ServiceInstanceState.suspended, ServiceOperation.suspension, UInt8(0x87)), (false, .operational, .resumption, 0x07)] {
                let listener = RecordingListener()
                let counted = handset.transport.requests
                let result = await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: suspend, listener: listener)
                #expect(result.processInfo.executionStatus == .noError, "\(result.processInfo.executionMessage)")
                #expect(handset.transport.requests - counted == (profile.scp03Parameter.hasPseudoRandomChallenge ? 2 : 3))
                #expect(states(card, bench) == [onCard])
                listener.told.withLock { told in
                    #expect(told.starts.map(\.processId) == [result.processInfo.processId] && !result.processInfo.processId.isEmpty)
                    #expect(!told.progress.isEmpty && told.progress == told.progress.sorted())
                }
                let found = await instance(handset)
                #expect(found?.state == state && found?.lastOperation == operation)
            }
            #expect(card.image.accessRules == rules)
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
        }
    }

    @Test("repeating is no error, and nothing is sent to the card", arguments: [true, false])
    func repeated(suspend: Bool) async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id, [Handset.all[0], .activate(suspensionControl: suspend)]).processInfo.executionStatus == .noError)
            let before = card.image.registry
            let counted = handset.transport.requests
            let result = await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: suspend)
            #expect(result.processInfo.executionStatus == .noError, "\(result.processInfo.executionMessage)")
            #expect(handset.transport.requests - counted == 1 && card.image.registry == before)
            #expect(await instance(handset)?.state == (suspend ? .suspended : .operational))
        }
    }

    @Test("what a deployment left suspended is resumed; without Activate too")
    func resumesDeployment() async throws {
        for (commands, locked, free) in [([Handset.all[0], ServiceCommand.activate(suspensionControl: true)], UInt8(0x87), UInt8(0x07)), ([Handset.all[0]], 0x83, 0x03)] {
            try await withBench { bench in
                let card = try await bench.card()
                let handset = try Handset(bench, card)
                let id = try #require(await handset.create().serviceInstance?.id)
                #expect(await handset.deploy(id, commands).processInfo.executionStatus == .noError)
                _ = await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true)
                #expect(states(card, bench) == [locked])
                let resumed = await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: false)
                #expect(resumed.processInfo.executionStatus == .noError, "\(resumed.processInfo.executionMessage)")
                #expect(states(card, bench) == [free])
            }
        }
    }

    @Test("not before the deployment is complete")
    func states() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            for (command, state) in [(nil, "NotDeployed"), (Handset.all[0], "UnderDeploymentInstalled"), (Handset.all[1], "UnderDeploymentPersonalized"), (Handset.all[2], "UnderDeploymentActivated")] {
                if let command { _ = await handset.deploy(id, [command], finalize: false) }
                let counted = handset.transport.requests
                let refused = await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true).processInfo
                #expect(refused.executionMessage == "Not allowed: invalid state transfer from \(state) to DeployedSuspended")
                #expect(refused.executionStatus == .notAllowed && refused.processId.isEmpty && handset.transport.requests - counted == 1)
            }
        }
    }

    @Test("the catalogue is away, or the Service is gone: suspend and resume work, deploy does not")
    func withoutCatalogue() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            bench.catalogue.state.withLock { $0.isAvailable = false }
            #expect(await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true).processInfo.executionStatus == .noError)
            bench.catalogue.state.withLock { $0.isAvailable = true; $0.isDeleted = true }
            #expect(await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: false).processInfo.executionStatus == .noError)
            #expect(await handset.deploy(id).processInfo.executionStatus == .orphanedServiceInstance)
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
        }
    }

    @Test("unknown, malformed, foreign, unauthorized, not in this handset")
    func refused() async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let own = try Handset(bench, card)
            let id = try #require(await own.create().serviceInstance?.id)
            #expect(await own.deploy(id).serviceInstanceState == .operational)
            func category(_ handset: Handset, _ id: String) async -> ErrorCategory {
                await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true).processInfo.executionStatus
            }
            #expect(await category(own, "99999999-0000-4000-8000-000000000001") == .notFound)
            #expect(await category(own, "nonsense") == .invalidArgument)
            #expect(try await category(Handset(bench, card, provider: "3b1d6f0e-0000-4000-8000-00000000ffff", device: "device-2"), id) == .notFound)
            #expect(try await category(Handset(bench, card, app: String(repeating: "cd", count: 32), device: "device-3"), id) == .unauthorized)
            #expect(try await category(Handset(bench, try await bench.card(number: 2), device: "device-4"), id) == .secureComponentInaccessible)
            #expect(states(card, bench) == [0x07])
            // Another device with the card proves it first.
            #expect(try await category(Handset(bench, card, device: "device-5"), id) == .noError)
            #expect(states(card, bench) == [0x87])
        }
    }

    @Test("a listener that refuses the start: nothing is sent, nothing changes")
    func startRefused() async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            let result = await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true, listener: RecordingListener(refuses: true))
            #expect(result.processInfo.executionStatus == .executionInterrupted, "\(result.processInfo.executionMessage)")
            #expect(states(card, bench) == [0x07])
            #expect(await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true).processInfo.executionStatus == .noError)
        }
    }

    @Test("every report lost in turn: after the lease the next call completes", arguments: [CardProfile.eSE, .eSERandom], [true, false])
    func lostReports(profile: CardProfile, again: Bool) async throws {
        for lost in 2...(profile.scp03Parameter.hasPseudoRandomChallenge ? 2 : 3) {
            try await withBench { bench in
                let card = try await bench.card(profile)
                let handset = try Handset(bench, card)
                let id = try #require(await handset.create().serviceInstance?.id)
                #expect(await handset.deploy(id).serviceInstanceState == .operational)
                handset.transport.faults.withLock { $0[handset.transport.requests + lost] = .loseRequest }
                #expect(await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true).processInfo.executionStatus == .networkConnectionError)
                bench.clock.advance(by: 61)
                #expect(try await bench.engine.endExpiredDialogs() == 1)
                let result = await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: again)
                #expect(result.processInfo.executionStatus == .noError, "report \(lost): \(result.processInfo.executionMessage)")
                #expect(states(card, bench) == [again ? 0x87 : 0x07])
                #expect(await instance(handset)?.state == (again ? .suspended : .operational))
            }
        }
    }

    @Test("the plane restarts between order and report", arguments: [CardProfile.eSE, .eSERandom])
    func restarted(profile: CardProfile) async throws {
        try await withBench { bench in
            let card = try await bench.card(profile)
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            handset.transport.before.withLock { $0[handset.transport.requests + 2] = { bench.restartPlane() } }
            #expect(await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true).processInfo.executionStatus == .noError)
            #expect(states(card, bench) == [0x87])
        }
    }

    @Test("the card fails at any command, with two applications: what is told is so, and the next call completes",
          arguments: 0..<20, [FaultPlan.Fault.respond(StatusWord(rawValue: 0x6F00)), .dropResponse])
    func anyCommand(index: Int, fault: FaultPlan.Fault) async throws {
        let files = [try CAPFile(Applets.archive("store-1.0-jc304.cap"))]
        for suspend in [true, false] {
            try await withBench(try FixedCatalogue(files: files, profile: TSMBench.profile)) { bench in
                let card = try await bench.card()
                let handset = try Handset(bench, card)
                let id = try #require(await handset.create().serviceInstance?.id)
                let deployed = await handset.deploy(id, [Handset.all[0], .activate(suspensionControl: !suspend)])
                #expect(deployed.processInfo.executionStatus == .noError, "\(deployed.processInfo.executionMessage)")
                #expect(states(card, bench).count == 2)
                card.inject(.at(index, fault))
                let first = await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: suspend).processInfo
                card.inject(FaultPlan())
                let wanted: [UInt8] = suspend ? [0x87, 0x87] : [0x07, 0x07], before: [UInt8] = suspend ? [0x07, 0x07] : [0x87, 0x87]
                let told = await instance(handset)?.state
                switch told {
                case .suspended: #expect(states(card, bench) == [0x87, 0x87])
                case .operational: #expect(states(card, bench) == [0x07, 0x07])
                default: #expect(told == .inError && first.executionStatus != .noError)
                }
                if first.executionStatus == .noError { #expect(states(card, bench) == wanted) } else if told != .inError { #expect(states(card, bench) == before) }
                bench.clock.advance(by: 61)
                let second = await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: suspend).processInfo
                #expect(second.executionStatus == .noError, "\(index): \(first.executionMessage) then \(second.executionMessage)")
                #expect(states(card, bench) == wanted)
            }
        }
    }

    @Test("a second process on the instance is refused while one is running")
    func running() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            handset.transport.faults.withLock { $0[handset.transport.requests + 2] = .loseRequest }
            #expect(await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true).processInfo.executionStatus == .networkConnectionError)
            #expect(await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true).processInfo.executionStatus == .notAllowed)
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .notAllowed)
            // Checks are no processes.
            #expect(await handset.client.checkServiceUpdateAvailable(serviceInstanceId: id, newVersion: "x.x.x").executionStatus == .noError)
        }
    }
}
