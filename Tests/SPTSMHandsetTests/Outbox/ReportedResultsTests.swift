import DeploymentDocument
import Foundation
import ServiceKit
@testable import SPTSMHandset
import SecureComponentSimulator
import TSMAPI
import Testing
import TrustedServiceModel

/// TR-03165 3.2.1, 3.3.1, 4.2, 4.3.3.1: engines, vaults and card in process; what the outbox holds afterwards.
@Suite("what service providers' online services are told")
struct ReportedResultsTests {
    /// All that waits, in the order in which it will be sent.
    private func told(_ bench: TSMBench) async throws -> [Outbox.Letter] { try await bench.engine.outbox.letters(.waiting, limit: 1000) }

    @Test("a whole life: each process once, with operations, states, Version and times")
    func wholeLife() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            // Checks and queries are no processes.
            _ = await handset.client.getServiceInstances(serviceId: FixedCatalogue.serviceId)
            _ = await handset.client.checkServiceDeploymentAvailable(serviceId: FixedCatalogue.serviceId, version: "x.x.x")
            #expect(try await told(bench).isEmpty)

            var infos = [await handset.deploy(id, [Handset.all[0]], finalize: false).processInfo, await handset.deploy(id, [Handset.all[1], Handset.all[2]], finalize: false).processInfo]
            bench.clock.advance(by: 5)
            infos.append(await handset.deploy(id, [], finalize: true).processInfo)
            for suspend in [true, true, false] { infos.append(await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: suspend).processInfo) }
            infos.append(await handset.client.terminateService(serviceInstanceId: id).processInfo)
            for info in infos { #expect(info.executionStatus == .noError, "\(info.executionMessage)") }

            let letters = try await told(bench)
            let results = letters.map(\.result)
            #expect(results.map(\.processId) == infos.map(\.processId) && Set(results.map(\.processId)).count == 7)
            #expect(letters.map(\.id) == infos.map(\.processId))
            #expect(results.map { $0.requestedOperations.map(\.rawValue) } == [[10], [11, 12], [13], [30], [30], [31], [40]])
            #expect(results.map(\.serviceStartState) == [.notDeployed, .installed, .activated, .operational, .suspended, .suspended, .operational])
            #expect(results.map(\.serviceEndState) == [.installed, .activated, .operational, .suspended, .suspended, .operational, .notDeployed])
            for (result, info) in zip(results, infos) {
                #expect(result.startDate == info.startDate && result.endDate == info.endDate && result.executionMessage == info.executionMessage)
                #expect(result.executionStatus == .noError && result.serviceId == FixedCatalogue.serviceId && result.serviceInstanceId == id && result.versionTag == "1.0.0")
            }
            #expect(Set(letters.map(\.serviceProviderId)) == [FixedCatalogue.provider])
        }
    }

    @Test("an update names the Version that was asked for; its operations are those of updates")
    func update() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            bench.catalogue.state.withLock { $0.moreVersions = [VersionSummary(tag: "1.1.0", flavorByProfile: [TSMBench.profile: FixedCatalogue.flavor])] }
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id).processInfo.executionStatus == .noError)
            let updated = await handset.client.updateService(serviceInstanceId: id, newVersion: "1.1.0", serviceCommands: Handset.all, finalizeDeployment: true)
            #expect(updated.processInfo.executionStatus == .noError, "\(updated.processInfo.executionMessage)")
            let result = try #require(try await told(bench).last?.result)
            #expect(result.requestedOperations.map(\.rawValue) == [20, 21, 22] && result.versionTag == "1.1.0" && result.processId == updated.processInfo.processId)
            #expect(result.serviceStartState == .operational && result.serviceEndState == .operational)
        }
    }

    @Test("a silent handset: category 6 is told when the lease is over, once")
    func expiredLease() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            handset.transport.faults.withLock { $0[4] = .loseRequest }
            #expect(await handset.deploy(id).processInfo.executionStatus == .networkConnectionError)
            #expect(try await told(bench).isEmpty)
            bench.clock.advance(by: 61)
            _ = try await bench.engine.endExpiredDialogs()
            _ = try await bench.engine.endExpiredDialogs()
            let results = try await told(bench).map(\.result)
            #expect(results.count == 1 && results[0].executionStatus == .executionInterrupted && results[0].executionMessage.hasPrefix("Execution interrupted: "))
            #expect(results[0].serviceStartState == .notDeployed && results[0].serviceEndState == .inError && !results[0].processId.isEmpty)
            #expect(results[0].requestedOperations.map(\.rawValue) == [10, 11, 12])
        }
    }

    @Test("a lost answer and its repetition: one result")
    func lostAnswer() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card(), retries: 2)
            let id = try #require(await handset.create().serviceInstance?.id)
            handset.transport.faults.withLock { $0[4] = .loseAnswer }
            let deployed = await handset.deploy(id)
            #expect(deployed.processInfo.executionStatus == .noError, "\(deployed.processInfo.executionMessage)")
            #expect(try await told(bench).map(\.id) == [deployed.processInfo.processId])
        }
    }

    @Test("before a process: nothing is told of what is not eligibility")
    func refusals() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.create().executionStatus == .alreadyExists)
            #expect(await handset.deploy(id, [], finalize: false).processInfo.executionStatus == .invalidArgument)
            #expect(await handset.deploy(id, [Handset.all[2]]).processInfo.executionStatus == .notAllowed)
            #expect(await handset.deploy(UUID().uuidString.lowercased()).processInfo.executionStatus == .notFound)
            #expect(await handset.client.createServiceInstance(serviceId: FixedCatalogue.serviceId, version: "9.9.9").executionStatus == .notFound)
            #expect(try await told(bench).isEmpty)
        }
    }

    @Test("no eligible component: the reason is told, without process and instance, once for a request that is repeated")
    func eligibility() async throws {
        try await withBench { bench in
            // Not in the issuer's inventory.
            let stranger = try Handset(bench, try await bench.card(number: 9, known: false))
            let created = await stranger.create()
            #expect(created.executionStatus == .noEligibleSecureComponent, "\(created.executionMessage)")
            let letters = try await told(bench)
            let result = try #require(letters.first?.result)
            #expect(letters.count == 1 && !letters[0].id.isEmpty)
            #expect(result.processId.isEmpty && result.serviceInstanceId.isEmpty && result.executionStatus == .noEligibleSecureComponent && result.executionMessage == created.executionMessage)
            #expect(result.serviceId == FixedCatalogue.serviceId && result.versionTag == "1.0.0" && result.requestedOperations.isEmpty)
            #expect(result.serviceStartState == .notDeployed && result.serviceEndState == .notDeployed)

            // Nobody's card: refused before there is a dialog, and the app asks again under the same key.
            let caller = HandsetCaller(serviceProviderId: FixedCatalogue.provider, deviceAppId: FixedCatalogue.app, deviceKeyThumbprint: "device-1")
            let handshake = HandsetAPI.Handshake(components: [])
            for _ in 0..<3 {
                let answer = try await bench.engine.begin(.create(serviceId: FixedCatalogue.serviceId, version: "1.0.0"), handshake: handshake, caller: caller, idempotencyKey: "one", requestDigest: "d")
                guard case .created(let refused)? = answer.result else {
                    Issue.record("\(answer.body)")
                    return
                }
                #expect(refused.executionStatus == .noEligibleSecureComponent)
            }
            #expect(try await told(bench).count == 2)
            _ = try await bench.engine.begin(.create(serviceId: FixedCatalogue.serviceId, version: "1.0.0"), handshake: handshake, caller: caller, idempotencyKey: "two", requestDigest: "d")
            #expect(try await told(bench).count == 3)
            #expect(Set(try await told(bench).map(\.id)).count == 3)
        }
    }

    @Test("no Flavor any more for what was created: told, with the instance")
    func eligibilityOfInstance() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            bench.catalogue.state.withLock { $0.isDeleted = true }
            let refused = await handset.deploy(id)
            #expect(refused.processInfo.executionStatus == .noEligibleSecureComponent && refused.processInfo.processId.isEmpty, "\(refused.processInfo)")
            let results = try await told(bench).map(\.result)
            #expect(results.count == 1 && results[0].processId.isEmpty && results[0].serviceInstanceId == id && results[0].requestedOperations.map(\.rawValue) == [10, 11, 12])
            #expect(results[0].serviceStartState == .notDeployed && results[0].serviceEndState == .notDeployed)
        }
    }

    @Test("a failure on the card is told as the app is told, and one result only for the clean-up's orders")
    func failure() async throws {
        try await withBench { bench in
            // What a deployment takes, found out on another card.
            let roomy = try await bench.card(number: 9)
            let free = roomy.image.freeMemory(for: .issuerSecurityDomain).nonVolatile
            let other = try Handset(bench, roomy, device: "device-9")
            #expect(await other.deploy(try #require(await other.create().serviceInstance?.id)).serviceInstanceState == .operational)
            let taken = free - roomy.image.freeMemory(for: .issuerSecurityDomain).nonVolatile
            let earlier = try await told(bench).count

            let room = UInt64(CardProfile.eSE.nonVolatileMemory) - free + taken - UInt64(bench.catalogue.block.count / 2)
            let handset = try Handset(bench, try await bench.card(CardProfile.eSE.with(memory: UInt32(room))))
            let id = try #require(await handset.create().serviceInstance?.id)
            let failed = await handset.deploy(id)
            #expect(failed.processInfo.executionStatus == .secureComponentError && failed.processInfo.executionMessage.contains("removed again"), "\(failed.processInfo)")
            let results = try await told(bench).dropFirst(earlier).map(\.result)
            #expect(results.count == 1 && results.first?.executionMessage == failed.processInfo.executionMessage && results.first?.serviceEndState == failed.serviceInstanceState)
        }
    }

    @Test("the result and what is told of it are one transaction: both survive a crash")
    func durable() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            // The handset never hears the result: what is stored must not depend on it.
            handset.transport.faults.withLock { $0[4] = .loseAnswer }
            _ = await handset.deploy(id)
            bench.restartPlane()
            let letters = try await told(bench)
            #expect(letters.count == 1 && letters[0].result.serviceEndState == .operational)
            let journal = try await bench.engine.store.journal(dialog: letters[0].id)
            #expect(journal.last?.kind == "result")
        }
    }
}
