import Foundation
import GlobalPlatform
import KeyVaultAPI
import SecureComponentSimulator
import ServiceKit
@testable import SPTSMHandset
import Synchronization
import TSMAPI
import Testing
import TrustedServiceModel

@Suite("what the handset plane keeps, tells later, and forgets")
struct DurabilityTests {
    /// A deployment whose report never came: keys that may be on the card.
    private func interrupted(_ bench: TSMBench, _ handset: Handset) async throws -> (id: String, keySets: [String]) {
        let id = try #require(await handset.create().serviceInstance?.id)
        handset.transport.faults.withLock { $0[4] = .loseRequest }
        #expect(await handset.deploy(id).processInfo.executionStatus == .networkConnectionError)
        bench.clock.advance(by: 61)
        #expect(try await bench.engine.endExpiredDialogs() == 1)
        let record = try #require(try await bench.engine.store.instance(id: id, owner: FixedCatalogue.provider))
        #expect(record.content.suspectKeySets.count == 2)
        return (id, record.content.suspectKeySets)
    }

    private func states(_ bench: TSMBench, _ keySets: [String]) async throws -> [KeySetState] {
        var states: [KeySetState] = []
        for id in keySets { states.append(try await bench.keys.keySet(id: id).state) }
        return states
    }

    @Test("what the vault was not told survives a crash and is told afterwards")
    func keySetTasks() async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let handset = try Handset(bench, card)
            let (id, keySets) = try await interrupted(bench, handset)
            // Termination is the issuer's work alone; the plane's own vault knows nothing of it.
            bench.restartPlane(vaultAnswers: false)
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
            #expect(Set(try await bench.engine.store.keySetTasks(limit: 10)) == Set(keySets.map { KeySetTask(keySetId: $0, action: .destroy) }))
            try await bench.engine.tellVault()
            #expect(try await bench.engine.store.keySetTasks(limit: 10).count == 2)
            #expect(try await states(bench, keySets).allSatisfy { $0 != .destroyed })

            bench.restartPlane()
            try await bench.engine.tellVault()
            #expect(try await bench.engine.store.keySetTasks(limit: 10).isEmpty)
            #expect(try await states(bench, keySets) == [.destroyed, .destroyed])
            // Told once more, as after a crash between telling and noting it.
            await bench.engine.teller.tell(keySets.map { KeySetTask(keySetId: $0, action: .destroy) })
            #expect(try await states(bench, keySets) == [.destroyed, .destroyed])
        }
    }

    @Test("an order that the card can still run keeps its keys: retired, not destroyed", arguments: [CardProfile.eSE, .inherited])
    func outstandingOrder(profile: CardProfile) async throws {
        try await withBench { bench in
            let card = try await bench.card(profile)
            let before = card.image
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            // A handset that names a counter which the card has yet to reach gets an order for later.
            handset.transport.edits.withLock { $0[3] = { body in
                var request = try WireJSON.decode(HandsetAPI.DeployRequest.self, from: body)
                for index in request.handshake.components.indices { request.handshake.components[index].sequenceCounter = "000100" }
                return try WireJSON.encode(request)
            } }
            handset.transport.faults.withLock { $0[4] = .loseRequest }
            #expect(await handset.deploy(id).processInfo.executionStatus == .networkConnectionError)
            bench.clock.advance(by: 61)
            _ = try await bench.engine.endExpiredDialogs()
            let record = try #require(try await bench.engine.store.instance(id: id, owner: FixedCatalogue.provider))
            #expect(record.content.suspectCounter == (profile == .inherited ? 0x102 : 0x101))
            let keySets = record.content.suspectKeySets
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
            #expect(card.image.registry == before.registry)
            #expect(try await states(bench, keySets) == [.retired, .retired])
        }
    }

    @Test("an order that the card is past: its keys are destroyed", arguments: [CardProfile.eSE, .inherited])
    func spentOrder(profile: CardProfile) async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card(profile))
            let (id, keySets) = try await interrupted(bench, handset)
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
            #expect(try await states(bench, keySets) == [.destroyed, .destroyed])
        }
    }

    @Test("dialogs that ended, their journal and proofs are forgotten after the retention, and nothing before or beside it")
    func retention() async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            let process = await handset.deploy(id).processInfo.processId
            #expect(try await bench.engine.store.journal(dialog: process).count >= 3)
            bench.clock.advance(by: 89 * 86_400)
            try await bench.engine.forgetOld()
            #expect(try await bench.engine.store.journal(dialog: process).count >= 3)
            #expect(try await bench.engine.store.dialog(id: process) != nil)

            // A process of today stays, with its journal.
            let young = await handset.client.terminateService(serviceInstanceId: id).processInfo
            #expect(young.executionStatus == .noError, "\(young.executionMessage)")
            bench.clock.advance(by: 2 * 86_400)
            try await bench.engine.forgetOld()
            #expect(try await bench.engine.store.journal(dialog: process).isEmpty)
            #expect(try await bench.engine.store.dialog(id: process) == nil)
            #expect(try await !bench.engine.store.journal(dialog: young.processId).isEmpty)
            #expect(try await bench.engine.store.dialog(id: young.processId) != nil)
        }
    }

    @Test("an instance outlives its dialogs, and an open dialog outlives the retention")
    func whatIsKept() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            handset.transport.faults.withLock { $0[4] = .loseRequest }
            _ = await handset.deploy(id)
            let open = try #require(try await bench.engine.store.openDialog(instance: id))
            bench.clock.advance(by: 200 * 86_400)
            try await bench.engine.forgetOld()
            #expect(try await bench.engine.store.dialog(id: open.id) != nil)
            #expect(try await bench.engine.store.instance(id: id, owner: FixedCatalogue.provider) != nil)
        }
    }
}
