import GlobalPlatform
import SecureComponentSimulator
@testable import SPTSMHandset
import Synchronization
import TSMAPI
import Testing
import TrustedServiceModel

@Suite("interrupted processes: the next call completes")
struct RecoveryTests {
    @Test("the answer to a report is lost: the repeated report gets it", arguments: [CardProfile.eSE, .eSERandom, .inherited, .inheritedRandom])
    func lostAnswer(profile: CardProfile) async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card(profile), retries: 1)
            let id = try #require(await handset.create().serviceInstance?.id)
            handset.transport.faults.withLock { $0[4] = .loseAnswer }
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
        }
    }

    @Test("the plane restarts between order and report: the report is taken", arguments: [CardProfile.eSE, .eSERandom, .inherited, .inheritedRandom])
    func restarted(profile: CardProfile) async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card(profile))
            let id = try #require(await handset.create().serviceInstance?.id)
            handset.transport.before.withLock { $0[4] = { bench.restartPlane() } }
            let result = await handset.deploy(id)
            #expect(result.serviceInstanceState == .operational, "\(result.processInfo.executionMessage)")
        }
    }

    @Test("every report of a deployment lost in turn: after the lease the next call reconciles and completes", arguments: [CardProfile.eSE, .eSERandom, .inherited, .inheritedRandom])
    func lostReports(profile: CardProfile) async throws {
        for lost in 4...(2 + profile.deploymentTrips) {
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

    @Test("terminate after an interrupted deployment leaves the card empty", arguments: [CardProfile.eSE, .eSERandom, .inherited, .inheritedRandom])
    func terminateUnknown(profile: CardProfile) async throws {
        for lost in 4...(2 + profile.deploymentTrips) {
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

    /// Whether the process can do without the command's answer: closing of a logical channel, and keyless reads of the handset for which there are
    /// other ways (a counter that cannot be read only means that challenges are waited for).
    private func isSurvivable(_ command: [UInt8]) throws -> Bool {
        let command = try CommandAPDU(bytes: command)
        if command.cla & 0x80 == 0 { return command.ins == Instruction.manageChannel && command.p1 == 0x80 }
        return command.ins == Instruction.getData && !command.isSecureMessaging
    }

    @Test("the card fails at any command of the first deployment: a category of the card, the next call recovers",
          arguments: 0..<64, [FaultPlan.Fault.respond(StatusWord(rawValue: 0x6F00)), .dropResponse])
    func anyCommand(index: Int, fault: FaultPlan.Fault) async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            let commands = Mutex<[[UInt8]]>([])
            card.observe { exchange in commands.withLock { $0.append(exchange.command) } }
            card.inject(.at(index, fault))
            let failed = await handset.deploy(id)
            card.observe(nil)
            let sent = commands.withLock { $0 }
            // A deployment without a fault has so many commands; from there on nothing is hit.
            guard index < sent.count else {
                #expect(failed.processInfo.executionStatus == .noError && index >= 60, "the fault was not reached")
                return
            }
            if try !isSurvivable(sent[index]) {
                #expect(failed.processInfo.executionStatus != .noError, "\(Hex.encode(sent[index])) failed and nobody noticed")
            }
            if failed.processInfo.executionStatus != .noError {
                #expect([.secureComponentError, .issuerError, .executionInterrupted, .secureComponentInaccessible, .secureComponentChannelNotAvailable]
                    .contains(failed.processInfo.executionStatus), "\(failed.processInfo.executionMessage)")
                #expect([.notDeployed, .inError, .unknown].contains(failed.serviceInstanceState))
                card.inject(FaultPlan())
                bench.clock.advance(by: 61)
                let result = await handset.deploy(id)
                #expect(result.processInfo.executionStatus == .noError, "\(failed.processInfo.executionMessage) then \(result.processInfo.executionMessage)")
            }
            #expect(card.image.registry.count { $0.aid == bench.catalogue.document.service.securityDomain } == 1)
            #expect(card.image.keySets(of: bench.catalogue.document.service.securityDomain).map(\.version) == [0x31])
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
