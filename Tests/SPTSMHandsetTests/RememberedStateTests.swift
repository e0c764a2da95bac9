import DeploymentDocument
import GlobalPlatform
import KeyVaultAPI
import SecureComponentSimulator
@testable import SPTSMHandset
import Synchronization
import TestMaterial
import TSMAPI
import Testing
import TrustedServiceModel

/// Between an interrupted process and the next one: what the plane must not forget, and what it must.
@Suite("what is remembered of interrupted processes")
struct RememberedStateTests {
    private func record(_ bench: TSMBench, _ id: String) async throws -> InstanceRecord {
        try #require(try await bench.engine.store.instance(id: id, owner: FixedCatalogue.provider))
    }

    private func states(_ bench: TSMBench, _ keySets: [String]) async throws -> [KeySetState] {
        var states: [KeySetState] = []
        for id in keySets { states.append(try await bench.keys.keySet(id: id).state) }
        return states
    }

    /// The store with two applications, OPERATIONAL; version 1.1.0 deploys the same.
    private func withOperational(_ profile: CardProfile = .eSE, _ body: (TSMBench, SimulatedCard, Handset, String) async throws -> Void) async throws {
        let catalogue = try FixedCatalogue(files: [try CAPFile(Applets.archive("store-1.0-jc304.cap"))], profile: TSMBench.profile)
        catalogue.state.withLock { $0.moreVersions = [VersionSummary(tag: "1.1.0", flavorByProfile: [TSMBench.profile: FixedCatalogue.flavor])] }
        try await withBench(catalogue) { bench in
            let card = try await bench.card(profile)
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            let deployed = await handset.deploy(id)
            try #require(deployed.serviceInstanceState == .operational, "\(deployed.processInfo.executionMessage)")
            try await body(bench, card, handset, id)
        }
    }

    /// An order is refused from its first command on: that which answers the so manieth request from now. A channel that is still open is closed before it.
    private func refuseOrder(_ number: Int, _ handset: Handset) {
        let card = handset.card
        let plan = FaultPlan(Dictionary(uniqueKeysWithValues: (0..<4).map { ($0, .respond(StatusWord(rawValue: 0x6F00))) }))
        handset.transport.before.withLock { $0[handset.transport.requests + number] = { card.inject(plan) } }
    }

    /// The Flavor as the service provider has changed it: one application less.
    private func changeFlavor(_ bench: TSMBench) {
        bench.catalogue.state.withLock { [document = bench.catalogue.document] state in
            var changed = document
            changed.applications.removeLast()
            state.changed = changed
        }
    }

    /// OPERATIONAL to InError: a termination of which nothing was reported.
    private func interruptTermination(_ bench: TSMBench, _ handset: Handset, _ id: String) async throws {
        handset.transport.faults.withLock { $0[handset.transport.requests + 2] = .loseRequest }
        // Nothing of it reaches the card either.
        handset.transport.before.withLock { $0[handset.transport.requests + 1] = { [card = handset.card] in card.inject(.at(0, .dropCommand)) } }
        _ = await handset.client.terminateService(serviceInstanceId: id)
        handset.card.inject(FaultPlan())
        bench.clock.advance(by: 61)
        _ = try await bench.engine.endExpiredDialogs()
        try #require(try await record(bench, id).state == .inError)
    }

    @Test("keys of an order that may still be run stay suspect through a suspension; the issuer's security domain says what becomes of them",
          arguments: [CardProfile.eSE, .inherited])
    func suspects(profile: CardProfile) async throws {
        try await withOperational(profile) { bench, card, handset, id in
            try await interruptTermination(bench, handset, id)
            // The first order reads the card, the second would deploy anew.
            refuseOrder(2, handset)
            let failed = await handset.deploy(id)
            card.inject(FaultPlan())
            #expect(failed.processInfo.executionStatus != .noError && failed.serviceInstanceState == .inError, "\(failed.processInfo.executionMessage)")
            let suspects = try await record(bench, id).content.suspectKeySets
            #expect(suspects.count == 2)
            for suspend in [true, false] {
                let result = await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: suspend).processInfo
                #expect(result.executionStatus == .noError, "\(result.executionMessage)")
                let after = try await record(bench, id)
                #expect(after.content.suspectKeySets == suspects && !after.content.isKnown)
                #expect(try await states(bench, suspects).allSatisfy { $0 == .pending || $0 == .live })
            }
            let terminated = await handset.client.terminateService(serviceInstanceId: id).processInfo
            #expect(terminated.executionStatus == .noError, "\(terminated.executionMessage)")
            #expect(try await states(bench, suspects) == [.destroyed, .destroyed])
        }
    }

    @Test("the Flavor has changed when a deployment begins anew from InError and comes to nothing: the old document is kept, and suspension refused")
    func changedFlavor() async throws {
        try await withOperational { bench, card, handset, id in
            try await interruptTermination(bench, handset, id)
            let old = try await record(bench, id).document.content
            changeFlavor(bench)
            let refused = await handset.deploy(id, listener: RecordingListener(refuses: true))
            #expect(refused.processInfo.executionStatus == .executionInterrupted && refused.serviceInstanceState == .inError, "\(refused.processInfo.executionMessage)")
            let kept = try await record(bench, id)
            #expect(kept.previousDocument == old && kept.document.content != old)
            for suspend in [true, false] {
                let result = await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: suspend).processInfo
                #expect(result.executionStatus == .notAllowed && result.executionMessage.contains("interrupted"), "\(result.executionMessage)")
            }
            // A second change keeps the first: it is what the card may hold.
            bench.catalogue.state.withLock { $0.changed?.spParameters = ["line": "U2"] }
            _ = await handset.deploy(id, listener: RecordingListener(refuses: true))
            #expect(try await record(bench, id).previousDocument == old)
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            #expect(try await record(bench, id).previousDocument == nil)
            #expect(await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true).processInfo.executionStatus == .noError)
            #expect(bench.catalogue.document.applications.map { application in card.image.registry.contains { $0.aid == application.instanceAid } } == [true, false])
        }
    }

    @Test("a service provider's call waits for its own calls on the instance, and for nobody else's")
    func gates() async throws {
        try await withOperational { bench, card, handset, id in
            let foreign = try Handset(bench, card, provider: "3b1d6f0e-0000-4000-8000-00000000ffff", device: "device-2")
            let (held, hold) = AsyncStream.makeStream(of: Void.self)
            let (entered, enter) = AsyncStream.makeStream(of: Void.self)
            let holder = Task {
                await bench.engine.gate.pass("instance/\(FixedCatalogue.provider)/\(id)") {
                    enter.finish()
                    for await _ in held {}
                }
            }
            for await _ in entered {}
            let isAnswered = Mutex(false)
            let own = Task {
                let result = await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true)
                isAnswered.withLock { $0 = true }
                return result
            }
            // Comes through although the own call is held up.
            #expect(await foreign.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true).processInfo.executionStatus == .notFound)
            #expect(!isAnswered.withLock { $0 })
            hold.finish()
            await holder.value
            #expect(await own.value.processInfo.executionStatus == .noError)
        }
    }

    @Test("the operator no longer accepts a profile whose cards prove nothing: deploy and update are refused with 8, what is there can be taken off")
    func withdrawnProfile() async throws {
        let settings = HandsetSettings(lease: 60, acceptedUnprovenProfiles: [TSMBench.profile])
        try await withBench(settings: settings) { bench in
            let card = try await bench.card(.bare)
            let before = card.image
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id, [Handset.all[0]], finalize: false).serviceInstanceState == .installed)
            bench.restartPlane(settings: HandsetSettings(lease: 60))
            let registry = card.image.registry
            let refused = await handset.deploy(id, Array(Handset.all[1...]))
            #expect(refused.processInfo.executionStatus == .noEligibleSecureComponent && refused.processInfo.executionMessage.contains("does not accept"), "\(refused.processInfo.executionMessage)")
            #expect(refused.serviceInstanceState == .installed && refused.processInfo.processId.isEmpty)
            #expect(await handset.deploy(id).processInfo.executionStatus != .noError)
            #expect(card.image.registry == registry)
            let terminated = await handset.client.terminateService(serviceInstanceId: id).processInfo
            #expect(terminated.executionStatus == .noError, "\(terminated.executionMessage)")
            #expect(card.image.registry == before.registry && card.image.accessRules == before.accessRules)
        }
    }
}
