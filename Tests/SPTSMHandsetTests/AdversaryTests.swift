import Foundation
import GlobalPlatform
import Identity
import SEIAPI
import SecureComponentSimulator
import ServiceKit
@testable import SPTSMHandset
import Synchronization
import TSMAPI
import Testing
import TrustedServiceModel

@Suite("handsets and issuers that do not keep to the rules, and crashes in between")
struct AdversaryTests {
    @Test("step ranges of an issuer that do not fit its script are not used", arguments: [(0, 9), (-1, 2), (0, -3), (1, Int.max), (Int.max, 1), (2, 1), (0, 0)])
    func stepRanges(first: Int, count: Int) {
        let commands = [RelayedScriptTests.select, HexBytes([0x80, 0x50, 0x30, 0x00, 0x01, 0x00])]
        let session = SEI.Session(status: .ready, commands: commands, steps: [SEI.Step(name: "x", first: first, count: count)], registry: [])
        #expect(RunExecutor.steps(session).map { [$0.first, $0.count] } == [[0, 2]])
        let good = SEI.Session(status: .ready, commands: commands, steps: [SEI.Step(name: "x", first: 1, count: 1)], registry: [])
        #expect(RunExecutor.steps(good).map(\.name) == ["x"])
    }

    @Test("no instance is shown or changed without the card, even where no card is needed")
    func withoutTheCard() async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let own = try Handset(bench, card)
            let id = try #require(await own.create().serviceInstance?.id)
            let stranger = try Handset(bench, try await bench.card(number: 2), device: "device-2")
            let deployed = await stranger.deploy(id)
            #expect(deployed.serviceInstanceState == .unknown && deployed.technicalInformation == TechnicalInformation() && deployed.reader.isEmpty)
            #expect(await stranger.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .secureComponentInaccessible)
            // Another device with the card proves it first.
            let second = try Handset(bench, card, device: "device-3")
            #expect(await second.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
            #expect(second.transport.requests == 2)
        }
    }

    @Test("a Service removed between request and proof is not deployed")
    func removedMeanwhile() async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let id = try #require(await (try Handset(bench, card)).create().serviceInstance?.id)
            let second = try Handset(bench, card, device: "device-3")
            second.transport.before.withLock { $0[2] = { bench.catalogue.state.withLock { $0.isDeleted = true } } }
            let registry = card.image.registry
            #expect(await second.deploy(id).processInfo.executionStatus == .noEligibleSecureComponent)
            #expect(card.image.registry == registry)
        }
    }

    @Test("a refused start in the middle of a deployment leaves a way out: starting over", arguments: [CardProfile.eSE, .eSERandom, .inherited, .inheritedRandom])
    func refusedInBetween(profile: CardProfile) async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card(profile))
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id, [Handset.all[0]], finalize: false).serviceInstanceState == .installed)
            let refused = await handset.deploy(id, [Handset.all[1]], finalize: false, listener: RecordingListener(refuses: true))
            #expect(refused.processInfo.executionStatus == .executionInterrupted)
            #expect(await handset.deploy(id, [Handset.all[1]], finalize: false).processInfo.executionStatus == .notAllowed)
            let result = await handset.deploy(id)
            #expect(result.serviceInstanceState == .operational, "\(result.processInfo.executionMessage)")
        }
    }

    @Test("a report that is none: InError, reconciled by the next call; late reports are recorded once")
    func nonsense() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            let process = Mutex("")
            let caller = handset.transport.caller
            handset.transport.before.withLock { $0[4] = {
                let dialog = try #require(try await bench.engine.store.openDialog(instance: id))
                process.withLock { $0 = dialog.id }
                let bad = SERAM.Report(localAgentStatus: SERAM.AgentStatus(.processed, executedSeRamCommands: 1), ramResponses: [SERAM.Response(listOfRAPDU: ["zz"])])
                _ = try await bench.engine.report(dialog.reportNumber, bad, digest: "bad", dialogId: dialog.id, caller: caller)
                for digest in ["late-1", "late-2", "late-3"] {
                    await #expect(throws: HandsetRefusal.self) {
                        try await bench.engine.report(dialog.reportNumber, bad, digest: digest, dialogId: dialog.id, caller: caller)
                    }
                }
            } }
            #expect(await handset.deploy(id).processInfo.executionStatus != .noError)
            #expect(try await bench.engine.store.journal(dialog: process.withLock { $0 }).count { $0.kind == "late report" } == 1)
            #expect(await handset.client.getServiceInstances(serviceId: FixedCatalogue.serviceId).serviceInstances.map(\.state) == [.inError])
            let result = await handset.deploy(id)
            #expect(result.serviceInstanceState == .operational, "\(result.processInfo.executionMessage)")
        }
    }

    @Test("a crash after the last report was verified and before that was written: the repeated report completes", arguments: [CardProfile.eSE, .eSERandom, .inherited, .inheritedRandom])
    func crashBeforeCommit(profile: CardProfile) async throws {
        let last = 2 + profile.deploymentTrips
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card(profile), retries: 1)
            let id = try #require(await handset.create().serviceInstance?.id)
            let kept = Mutex<(DialogRecord, InstanceRecord)?>(nil)
            handset.transport.faults.withLock { $0[last] = .loseAnswer }
            handset.transport.before.withLock {
                $0[last] = {
                    let dialog = try #require(try await bench.engine.store.openDialog(instance: id))
                    let instance = try #require(try await bench.engine.store.instance(id: id, owner: FixedCatalogue.provider))
                    kept.withLock { $0 = (dialog, instance) }
                }
                $0[last + 1] = {
                    let (dialog, instance) = try #require(kept.withLock { $0 })
                    try await bench.engine.store.store.write { db in
                        try HandsetStore.update(dialog, in: db)
                        try HandsetStore.save(instance, in: db)
                    }
                    bench.restartPlane()
                }
            }
            let result = await handset.deploy(id)
            #expect(result.serviceInstanceState == .operational, "\(result.processInfo.executionMessage)")
        }
    }

    @Test("a request refused because the plane restarts is sent again")
    func planeAway() async throws {
        let transport = RefusingTransport(refusals: 1)
        let client = TSMClient(
            configuration: TSMClientConfiguration(handsetURL: try #require(URL(string: "https://127.0.0.1:1/tsm-api/v1")), serviceProviderId: FixedCatalogue.provider,
                                                  deviceAppId: FixedCatalogue.app, issuerSecurityDomains: [], retries: 1),
            transport: transport, deviceKey: SoftwareTokenSigner(), secureComponents: SimulatorService([]))
        #expect(await client.getServiceInstances(serviceId: FixedCatalogue.serviceId).executionStatus == .noError)
        #expect(transport.calls.withLock { $0 } == 2)
    }
}

/// Answers 503 a number of times, then an empty list.
private final class RefusingTransport: BackendTransport {
    let refusals: Int
    let calls = Mutex(0)

    init(refusals: Int) { self.refusals = refusals }

    func send(method: String, path: String, headers: [(name: String, value: String)], body: [UInt8]) async throws(TSMFailure) -> BackendAnswer {
        if path.hasSuffix("/registrations") { return BackendAnswer(status: 200, body: Array(#"{"accessToken":"token","expiresIn":3600}"#.utf8)) }
        guard calls.withLock({ $0 += 1; return $0 }) > refusals else { return BackendAnswer(status: 503, body: []) }
        let answer = HandsetAPI.DialogAnswer(dialogId: "", sessionId: nil, reportNumber: nil, order: nil, result: .instances(GetServiceInstancesResult(serviceInstances: [])))
        do { return BackendAnswer(status: 200, body: try WireJSON.encode(answer)) } catch { throw TSMFailure(.internalError, "\(error)") }
    }
}
