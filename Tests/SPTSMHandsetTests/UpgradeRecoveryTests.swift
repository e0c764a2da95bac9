import DeploymentDocument
import GlobalPlatform
@testable import SecureComponentSimulator
@testable import SPTSMHandset
import Testing
import TSMAPI
import TrustedServiceModel

/// Interrupted updates within the security domain, on cards with and without upgrades of load files: the next call finds a coherent card, whatever happened.
@Suite("interrupted updates within the security domain")
struct UpgradeRecoveryTests {
    let bench = UpdateInPlaceTests()

    /// Power goes after command `index` of an update; what comes after is up to `body`.
    private func interrupted(_ profile: CardProfile, upgrades: Bool, at index: Int,
                             _ body: (SimulatedCard, Handset, String, UpdateServiceResult) async throws -> Void) async throws {
        try await bench.withDeployed(try UpdateInPlaceTests.catalogue(upgrades: upgrades), profile) { _, card, handset, id in
            _ = try await bench.transmit(card, UpdateInPlaceTests.store, UpdateInPlaceTests.write)
            card.inject(.at(index, .powerCutAfter))
            let failed = await bench.update(handset, id)
            card.inject(FaultPlan())
            #expect(card.image.inconsistency == nil)
            try await body(card, handset, id, failed)
        }
    }

    private func requireStoreData(_ card: SimulatedCard, _ index: Int) async throws {
        #expect(try await bench.transmit(card, UpdateInPlaceTests.store, UpdateInPlaceTests.read) == Array("hello".utf8), "\(index)")
    }

    /// Commands that the card gets for a whole update with upgrade, from the first of the SDK's readings on.
    private func commands(_ profile: CardProfile, upgrades: Bool) async throws -> Int {
        var count = 0
        try await bench.withDeployed(try UpdateInPlaceTests.catalogue(upgrades: upgrades), profile) { _, card, handset, id in
            let before = card.commandCount
            #expect(await bench.update(handset, id).processInfo.executionStatus == .noError)
            count = card.commandCount - before
        }
        return count
    }

    @Test("power goes after any command of an upgrade: the next update completes it, and ticket and store keep their data", arguments: [(CardProfile.eSEWithCSP, 1), (.randomUpgrading, 4)])
    func powerCut(profile: CardProfile, step: Int) async throws {
        var open = 0, whole = 0
        for index in stride(from: 0, to: try await commands(profile, upgrades: true), by: step) {
            try await interrupted(profile, upgrades: true, at: index) { card, handset, id, failed in
                let found = await handset.client.getServiceInstances(serviceId: FixedCatalogue.serviceId).serviceInstances.first
                open += card.image.upgrade == nil ? 0 : 1
                if failed.processInfo.executionStatus != .noError {
                    #expect(found?.state == .inError || found?.state == .operational)
                    if found?.state == .operational {
                        whole += 1
                        #expect(bench.versions(card) == [[1, 0], [1, 0]])
                    }
                    let again = await bench.update(handset, id)
                    #expect(again.processInfo.executionStatus == .noError, "\(index): \(failed.processInfo.executionMessage) then \(again.processInfo.executionMessage)")
                }
                #expect(bench.versions(card) == [[1, 1], [1, 0]])
                #expect(card.image.upgrade == nil)
                let token = try #require(await bench.transmit(card, UpdateInPlaceTests.ticket, UpdateInPlaceTests.token))
                // Of the deployment: nothing was personalised again.
                #expect(try AttestationToken(parsing: token).content.processID.description != failed.processInfo.processId)
                try await requireStoreData(card, index)
                #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
            }
        }
        #expect(open > 0 && whole > 0)
    }

    @Test("the same, and the instance is terminated: nothing is left")
    func terminated() async throws {
        for index in stride(from: 0, to: try await commands(.eSEWithCSP, upgrades: true), by: 3) {
            try await interrupted(.eSEWithCSP, upgrades: true, at: index) { card, handset, id, _ in
                let terminated = await handset.client.terminateService(serviceInstanceId: id)
                #expect(terminated.processInfo.executionStatus == .noError, "\(index): \(terminated.processInfo.executionMessage)")
                #expect(card.image.upgrade == nil)
                #expect(!card.image.registry.contains { $0.aid.hasPrefix([0xF0, 0x54, 0x53, 0x4D, 0x53]) })
                #expect(await handset.client.getServiceInstances(serviceId: FixedCatalogue.serviceId).serviceInstances.isEmpty)
            }
        }
    }

    @Test("the same, and the installed Version is asked for again: the data that waits comes back to it")
    func rolledBack() async throws {
        var open = 0
        for index in stride(from: 1, to: try await commands(.eSEWithCSP, upgrades: true), by: 3) {
            try await interrupted(.eSEWithCSP, upgrades: true, at: index) { card, handset, id, _ in
                guard await handset.client.getServiceInstances(serviceId: FixedCatalogue.serviceId).serviceInstances.first?.state == .inError else { return }
                let waits = card.image.upgrade != nil && card.image.loadFiles.contains { $0.aid == card.image.upgrade?.loadFile.aid } == false
                open += waits ? 1 : 0
                let back = await bench.update(handset, id, "1.0.0")
                #expect(back.processInfo.executionStatus == .noError, "\(index): \(back.processInfo.executionMessage)")
                #expect(bench.versions(card) == [[1, 0], [1, 0]])
                #expect(card.image.upgrade == nil)
                if waits { #expect(back.processInfo.executionMessage.isEmpty, "\(index): \(back.processInfo.executionMessage)") }
                try await requireStoreData(card, index)
                let token = try await bench.transmit(card, UpdateInPlaceTests.ticket, UpdateInPlaceTests.token)
                #expect(token?.isEmpty == false)
            }
        }
        #expect(open > 0)
    }

    @Test("power goes after any command of an update without upgrade: the next update completes, the store keeps its data, the ticket is personalised",
          arguments: [(CardProfile.eSE, 1), (.eSERandom, 5), (.uicc, 5)])
    func reload(profile: CardProfile, step: Int) async throws {
        for index in stride(from: 0, to: try await commands(profile, upgrades: false), by: step) {
            try await interrupted(profile, upgrades: false, at: index) { card, handset, id, failed in
                if failed.processInfo.executionStatus != .noError {
                    let again = await bench.update(handset, id)
                    #expect(again.processInfo.executionStatus == .noError, "\(index): \(failed.processInfo.executionMessage) then \(again.processInfo.executionMessage)")
                }
                #expect(bench.versions(card) == [[1, 1], [1, 0]])
                try await requireStoreData(card, index)
                let token = try await bench.transmit(card, UpdateInPlaceTests.ticket, UpdateInPlaceTests.token)
                #expect(token?.isEmpty == false)
                #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
            }
        }
    }

    @Test("a card that refuses the new load file: the upgrade stays open, and another Version or the old one ends it")
    func refusedLoadFile() async throws {
        let total = try await commands(.eSEWithCSP, upgrades: true)
        try await bench.withDeployed(try UpdateInPlaceTests.catalogue(upgrades: true), .eSEWithCSP) { _, card, handset, id in
            let token = try await bench.transmit(card, UpdateInPlaceTests.ticket, UpdateInPlaceTests.token)
            // The last LOAD: after it come the end of the upgrade, three proofs and the end of the channel.
            card.inject(.at(total - 6, .respond(.notEnoughMemory)))
            let failed = await bench.update(handset, id)
            card.inject(FaultPlan())
            #expect(failed.processInfo.executionStatus == .secureComponentError && failed.serviceInstanceState == .inError, "\(failed.processInfo.executionMessage)")
            try #require(card.image.upgradeStatus == .waitingForLoadFile)
            let back = await bench.update(handset, id, "1.0.0")
            #expect(back.processInfo.executionStatus == .noError, "\(back.processInfo.executionMessage)")
            #expect(card.image.upgrade == nil)
            #expect(try await bench.transmit(card, UpdateInPlaceTests.ticket, UpdateInPlaceTests.token) == token)
            #expect(try await bench.transmit(card, UpdateInPlaceTests.ticket, UpdateInPlaceTests.version) == [1, 0])
        }
    }
}
