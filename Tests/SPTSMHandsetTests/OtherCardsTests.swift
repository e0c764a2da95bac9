import GlobalPlatform
import KeyVaultAPI
import SecureComponentSimulator
@testable import SPTSMHandset
import TSMAPI
import Testing
import TrustedServiceModel

@Suite("cards that prove nothing, and cards without room")
struct OtherCardsTests {
    private static let accepting = HandsetSettings(lease: 60, acceptedUnprovenProfiles: [TSMBench.profile])

    @Test("a component without response MACs is refused unless its profile is accepted", arguments: CardProfile.unproving)
    func notAccepted(profile: CardProfile) async throws {
        let others = HandsetSettings(lease: 60, acceptedUnprovenProfiles: ["4f0a8a1e-9f55-4c77-9a2c-0a4f7e6b1c01"])
        for settings in [HandsetSettings(lease: 60), others] {
            try await withBench(settings: settings) { bench in
                let card = try await bench.card(profile)
                let registry = card.image.registry
                let created = await (try Handset(bench, card)).create()
                #expect(created.executionStatus == .noEligibleSecureComponent && created.serviceInstance == nil)
                #expect(created.executionMessage.contains("operator does not accept"), "\(created.executionMessage)")
                #expect(card.image.registry == registry)
            }
        }
    }

    @Test("an accepted component without response MACs: a whole life, reported, and no key destroyed on its word", arguments: CardProfile.unproving)
    func accepted(profile: CardProfile) async throws {
        try await withBench(settings: Self.accepting) { bench in
            let card = try await bench.card(profile)
            let before = card.image
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            let deployed = await handset.deploy(id)
            #expect(deployed.processInfo.executionStatus == .noError, "\(deployed.processInfo.executionMessage)")
            #expect(deployed.serviceInstanceState == .operational)
            #expect(deployed.processInfo.executionMessage.contains("unproven"))
            #expect(handset.transport.requests - 2 == profile.deploymentTrips)
            let domain = bench.catalogue.document.service.securityDomain
            #expect(card.image.keySets(of: domain).map(\.version) == [0x31])
            let record = try #require(try await bench.engine.store.instance(id: id, owner: FixedCatalogue.provider))
            #expect(record.content.isReportedOnly == true)
            let final = try #require(record.content.finalKeySetId)

            let terminated = await handset.client.terminateService(serviceInstanceId: id)
            #expect(terminated.processInfo.executionStatus == .noError, "\(terminated.processInfo.executionMessage)")
            #expect(terminated.processInfo.executionMessage.contains("unproven"))
            #expect(card.image.registry == before.registry && card.image.accessRules == before.accessRules)
            #expect(try await bench.keys.keySet(id: final).state == .retired)
        }
    }

    @Test("a component that proves its answers says nothing of the kind")
    func proven() async throws {
        try await withBench(settings: Self.accepting) { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            let deployed = await handset.deploy(id)
            #expect(deployed.processInfo.executionStatus == .noError && deployed.processInfo.executionMessage.isEmpty)
            let record = try #require(try await bench.engine.store.instance(id: id, owner: FixedCatalogue.provider))
            #expect(record.content.isReportedOnly == nil)
        }
    }

    /// Bytes that the security domain and the instance take, and the card's own content.
    private func memory(_ bench: TSMBench, _ profile: CardProfile) async throws -> (own: UInt32, domainAndInstance: UInt32) {
        let card = try await bench.card(profile, number: 9)
        let free = card.image.freeMemory(for: .issuerSecurityDomain).nonVolatile
        let handset = try Handset(bench, card, device: "device-9")
        let id = try #require(await handset.create().serviceInstance?.id)
        #expect(await handset.deploy(id).serviceInstanceState == .operational)
        let taken = UInt32(free - card.image.freeMemory(for: .issuerSecurityDomain).nonVolatile)
        #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
        return (profile.nonVolatileMemory - UInt32(free), taken - UInt32(bench.catalogue.block.count))
    }

    @Test("no room for the applet: category, message, everything taken back in the same call",
          arguments: [CardProfile.eSE, .eSERandom, .inherited, .inheritedRandom, .uicc])
    func noRoom(profile: CardProfile) async throws {
        try await withBench { bench in
            let (own, needed) = try await memory(bench, profile)
            let small = profile.with(memory: own + needed + UInt32(bench.catalogue.block.count) / 2)
            let card = try await bench.card(small)
            let before = card.image
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            for _ in 0..<2 {
                let failed = await handset.deploy(id)
                #expect(failed.processInfo.executionStatus == .secureComponentError)
                let message = failed.processInfo.executionMessage
                #expect(message.contains("6A84") && message.contains("no space") && message.contains("removed again"), "\(message)")
                #expect(message.contains("load package") || message.contains("install application"), "\(message)")
                #expect(failed.serviceInstanceState == .notDeployed)
                #expect(failed.serviceCommandResults.map(\.commandExecutionStatus) == [.failed, .notExecuted, .notExecuted])
                #expect(card.image.registry == before.registry && card.image.accessRules == before.accessRules)
                #expect(card.image.freeMemory(for: .issuerSecurityDomain) == before.freeMemory(for: .issuerSecurityDomain))
                let record = try #require(try await bench.engine.store.instance(id: id, owner: FixedCatalogue.provider))
                #expect(record.content.isKnown && !record.content.holdsSecurityDomain && record.content.accessRules.isEmpty)
                #expect(record.content.finalKeySetId == nil && record.content.suspectKeySets.isEmpty)
            }
            #expect(try await bench.engine.store.keySetTasks(limit: 10).isEmpty)
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
            #expect(card.image.registry == before.registry)
        }
    }

    @Test("a deployment that can be neither finished nor taken back: the failure it had, InError, and the next call recovers")
    func cannotBeTakenBack() async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let before = card.image
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            // The order that takes back is never reported.
            card.inject(.at(40, .respond(.notEnoughMemory)))
            handset.transport.faults.withLock { $0[5] = .loseRequest }
            #expect(await handset.deploy(id).processInfo.executionStatus == .networkConnectionError)
            bench.clock.advance(by: 61)
            #expect(try await bench.engine.endExpiredDialogs() == 1)
            #expect(await handset.client.getServiceInstances(serviceId: FixedCatalogue.serviceId).serviceInstances.map(\.state) == [.inError])
            let result = await handset.deploy(id)
            #expect(result.serviceInstanceState == .operational, "\(result.processInfo.executionMessage)")
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
            #expect(card.image.registry == before.registry)
        }
    }
}
