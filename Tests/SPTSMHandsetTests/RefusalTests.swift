import Foundation
import GlobalPlatform
import SecureComponentSimulator
import ServiceKit
@testable import SPTSMHandset
import TSMAPI
import Testing
import TrustedServiceModel

@Suite("what is refused: nothing changed, nothing revealed")
struct RefusalTests {
    @Test("unknown and malformed service, version, instance")
    func unknown() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let other = "99999999-0000-4000-8000-000000000001"
            #expect(await handset.client.createServiceInstance(serviceId: other, version: "1.0.0").executionStatus == .notFound)
            #expect(await handset.client.createServiceInstance(serviceId: FixedCatalogue.serviceId, version: "9.9.9").executionStatus == .notFound)
            #expect(await handset.client.createServiceInstance(serviceId: FixedCatalogue.serviceId, version: "1.x.x").executionStatus == .invalidArgument)
            #expect(await handset.client.createServiceInstance(serviceId: "nonsense", version: "1.0.0").executionStatus == .invalidArgument)
            let deployed = await handset.deploy(other)
            #expect(deployed.processInfo.executionStatus == .notFound && deployed.processInfo.processId.isEmpty)
            #expect(deployed.serviceCommandResults.map(\.commandExecutionStatus) == [.notExecuted, .notExecuted, .notExecuted])
            #expect(await handset.client.terminateService(serviceInstanceId: other).processInfo.executionStatus == .notFound)
        }
    }

    @Test("a card whose cryptogram is wrong, and one that its issuer does not know")
    func wrongCard() async throws {
        try await withBench { bench in
            let forged = try await bench.card(master: [UInt8](repeating: 0x66, count: 16))
            let result = await (try Handset(bench, forged)).create()
            #expect(result.executionStatus != .noError && result.serviceInstance == nil)
            let stranger = try await bench.card(number: 7, known: false)
            #expect(await (try Handset(bench, stranger)).create().executionStatus != .noError)
            #expect(try await bench.engine.openDialogCount() == 0)
        }
    }

    @Test("another SP's app sees nothing; an app that the Service does not name is unauthorized")
    func foreign() async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let own = try Handset(bench, card)
            let id = try #require(await own.create().serviceInstance?.id)
            let foreign = try Handset(bench, card, provider: "3b1d6f0e-0000-4000-8000-00000000ffff", device: "device-2")
            #expect(await foreign.create().executionStatus == .notFound)
            #expect(await foreign.deploy(id).processInfo.executionStatus == .notFound)
            #expect(await foreign.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .notFound)
            #expect(await foreign.client.getServiceInstances(serviceId: FixedCatalogue.serviceId).executionStatus == .notFound)
            let otherApp = try Handset(bench, card, app: String(repeating: "cd", count: 32), device: "device-3")
            #expect(await otherApp.create().executionStatus == .unauthorized)
            #expect(await otherApp.deploy(id).processInfo.executionStatus == .unauthorized)
        }
    }

    @Test("a second instance on the same component, and a second process on one instance")
    func twice() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.create().executionStatus == .alreadyExists)
            handset.transport.faults.withLock { $0[handset.transport.requests + 2] = .loseRequest }
            #expect(await handset.deploy(id).processInfo.executionStatus == .networkConnectionError)
            let second = await handset.deploy(id)
            #expect(second.processInfo.executionStatus == .notAllowed && second.processInfo.executionMessage.contains("process"))
        }
    }

    @Test("another device without proof of card starts with a proof; without the card it gets nowhere")
    func noProof() async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let id = try #require(await (try Handset(bench, card)).create().serviceInstance?.id)
            let absent = try Handset(bench, try await bench.card(number: 2), device: "device-2")
            #expect(await absent.deploy(id).processInfo.executionStatus == .secureComponentInaccessible)
            #expect(await absent.client.getServiceInstances(serviceId: FixedCatalogue.serviceId).serviceInstances.isEmpty)
            let sameCard = try Handset(bench, card, device: "device-3")
            let result = await sameCard.deploy(id)
            #expect(result.processInfo.executionStatus == .noError, "\(result.processInfo.executionMessage)")
            #expect(sameCard.transport.requests == 3)
        }
    }

    @Test("reports: replayed, out of order, of another device, late")
    func reports() async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            let result = await handset.deploy(id)
            #expect(result.serviceInstanceState == .operational)
            let process = result.processInfo.processId
            let last = try #require(handset.transport.passed.withLock { $0.last })
            let report = try WireJSON.decode(SERAM.Report.self, from: last.body)
            let caller = handset.transport.caller
            // The same report again: the same answer.
            let again = try await bench.engine.report(1, report, digest: SessionDigest.of(last.body), dialogId: process, caller: caller)
            #expect(again.result != nil)
            for (number, digest) in [(1, "other"), (2, SessionDigest.of(last.body)), (0, "x")] {
                await #expect(throws: HandsetRefusal.self) { try await bench.engine.report(number, report, digest: digest, dialogId: process, caller: caller) }
            }
            var thief = caller
            thief.deviceKeyThumbprint = "device-9"
            await #expect(throws: HandsetRefusal(.unknownDialog, "there is no such process")) {
                try await bench.engine.report(1, report, digest: SessionDigest.of(last.body), dialogId: process, caller: thief)
            }
            let session = SessionDigest.of(try #require(again.sessionId))
            await #expect(throws: HandsetRefusal(.unknownDialog, "there is no such session")) {
                try await bench.engine.report(report, digest: "d", sessionDigest: session, caller: thief)
            }
        }
    }

    @Test("the listener's start fails: no APDU, the state before, category 6")
    func startFails() async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            let registry = card.image.registry
            let result = await handset.deploy(id, listener: RecordingListener(refuses: true))
            #expect(result.processInfo.executionStatus == .executionInterrupted, "\(result.processInfo.executionMessage)")
            #expect(result.serviceInstanceState == .notDeployed)
            #expect(card.image.registry == registry)
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
        }
    }

    @Test("names of data that nothing reads")
    func data() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id, [.install(installationData: ["holder": "x"])]).processInfo.executionStatus == .invalidArgument)
        }
    }
}
