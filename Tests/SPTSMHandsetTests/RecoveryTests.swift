import GlobalPlatform
import SecureComponentSimulator
@testable import SPTSMHandset
import TSMAPI
import Testing
import TrustedServiceModel

@Suite("interrupted processes: the next call completes")
struct RecoveryTests {
    @Test("the answer to a report is lost: the repeated report gets it", arguments: [CardProfile.eSE, .eSERandom])
    func lostAnswer(profile: CardProfile) async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card(profile), retries: 1)
            let id = try #require(await handset.create().serviceInstance?.id)
            handset.transport.faults.withLock { $0[4] = .loseAnswer }
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
        }
    }

    @Test("the plane restarts between order and report: the report is taken", arguments: [CardProfile.eSE, .eSERandom])
    func restarted(profile: CardProfile) async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card(profile))
            let id = try #require(await handset.create().serviceInstance?.id)
            handset.transport.before.withLock { $0[4] = { bench.restartPlane() } }
            let result = await handset.deploy(id)
            #expect(result.serviceInstanceState == .operational, "\(result.processInfo.executionMessage)")
        }
    }

    @Test("every report of a deployment lost in turn: after the lease the next call reconciles and completes", arguments: [CardProfile.eSE, .eSERandom])
    func lostReports(profile: CardProfile) async throws {
        for lost in 4...(profile == .eSE ? 4 : 6) {
            try await withBench { bench in
                let card = try await bench.card(profile)
                let before = card.image.registry
                let handset = try Handset(bench, card)
                let id = try #require(await handset.create().serviceInstance?.id)
                handset.transport.faults.withLock { $0[lost] = .loseRequest }
                #expect(await handset.deploy(id).processInfo.executionStatus == .networkConnectionError)
                #expect(await handset.deploy(id).processInfo.executionStatus == .notAllowed)
                bench.clock.advance(by: 61)
                #expect(try await bench.engine.endExpiredDialogs() == 1)
                let result = await handset.deploy(id)
                #expect(result.processInfo.executionStatus == .noError, "report \(lost): \(result.processInfo.executionMessage)")
                #expect(result.serviceInstanceState == .operational)
                #expect(card.image.registry.count { $0.aid == bench.catalogue.document.service.securityDomain } == 1)
                let terminated = await handset.client.terminateService(serviceInstanceId: id)
                #expect(terminated.processInfo.executionStatus == .noError, "\(terminated.processInfo.executionMessage)")
                #expect(card.image.registry == before)
            }
        }
    }

    @Test("terminate after an interrupted deployment leaves the card empty", arguments: [CardProfile.eSE, .eSERandom])
    func terminateUnknown(profile: CardProfile) async throws {
        for lost in 4...(profile == .eSE ? 4 : 6) {
            try await withBench { bench in
                let card = try await bench.card(profile)
                let before = card.image
                let handset = try Handset(bench, card)
                let id = try #require(await handset.create().serviceInstance?.id)
                handset.transport.faults.withLock { $0[lost] = .loseRequest }
                _ = await handset.deploy(id)
                bench.clock.advance(by: 61)
                let terminated = await handset.client.terminateService(serviceInstanceId: id)
                #expect(terminated.processInfo.executionStatus == .noError, "report \(lost): \(terminated.processInfo.executionMessage)")
                #expect(card.image.registry == before.registry && card.image.accessRules == before.accessRules)
            }
        }
    }

    @Test("the card fails at every command of the first deployment: right category, step named, the next call recovers", arguments: [CardProfile.eSE])
    func everyCommand(profile: CardProfile) async throws {
        for index in stride(from: 0, through: 60, by: 7) {
            try await withBench { bench in
                let card = try await bench.card(profile)
                let handset = try Handset(bench, card)
                let id = try #require(await handset.create().serviceInstance?.id)
                card.inject(.at(30 + index, .respond(StatusWord(rawValue: 0x6F00))))
                let failed = await handset.deploy(id)
                if failed.processInfo.executionStatus == .noError { return }
                #expect([.secureComponentError, .issuerError, .executionInterrupted, .secureComponentInaccessible, .secureComponentChannelNotAvailable].contains(failed.processInfo.executionStatus), "\(index): \(failed.processInfo.executionMessage)")
                card.inject(FaultPlan())
                bench.clock.advance(by: 61)
                let result = await handset.deploy(id)
                #expect(result.processInfo.executionStatus == .noError, "\(index): \(failed.processInfo.executionMessage) then \(result.processInfo.executionMessage)")
            }
        }
    }

    @Test("the catalogue is away: category 1 for deploy, terminate works from the pinned copy")
    func catalogueAway() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            bench.catalogue.state.withLock { $0.isAvailable = false }
            #expect(await handset.create().executionStatus == .tsmNotAvailable)
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
        }
    }
}
