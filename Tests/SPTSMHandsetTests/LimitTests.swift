import Foundation
import GlobalPlatform
import SecureComponentSimulator
import ServiceKit
@testable import SPTSMHandset
import Synchronization
import TSMAPI
import Testing
import TrustedServiceModel

@Suite("limits, settings and races of the handset plane")
struct LimitTests {
    private func handshake(_ handset: Handset) async throws -> HandsetAPI.Handshake {
        _ = await handset.create()
        let body = try #require(handset.transport.passed.withLock { $0.first }).body
        return try WireJSON.decode(HandsetAPI.CreateRequest.self, from: body).handshake
    }

    @Test("a device key has so many dialogs open and no more; another device is not touched, and ended ones make room")
    func openDialogs() async throws {
        try await withBench(settings: HandsetSettings(lease: 60, maximumOpenDialogs: 3)) { bench in
            let card = try await bench.card()
            let handset = try Handset(bench, card)
            let handshake = try await handshake(handset)
            let caller = handset.transport.caller
            // A query of an unproven device waits for its proof.
            let stranger = HandsetCaller(serviceProviderId: caller.serviceProviderId, deviceAppId: caller.deviceAppId, deviceKeyThumbprint: "device-2")
            func begin(_ key: String, _ caller: HandsetCaller) async throws -> EncodedAnswer {
                try await bench.engine.begin(.query(serviceId: FixedCatalogue.serviceId), handshake: handshake, caller: caller, idempotencyKey: key, requestDigest: key)
            }
            for number in 0..<3 { #expect(try await begin("q\(number)", stranger).order != nil) }
            guard case .instances(let refused)? = try await begin("q3", stranger).result else { Issue.record("a fourth dialog was opened"); return }
            #expect(refused.executionStatus == .overloadProtection)
            #expect(try await bench.engine.openDialogCount() == 3)
            // A repetition of what is open is none more.
            #expect(try await begin("q1", stranger).order != nil)
            let third = HandsetCaller(serviceProviderId: caller.serviceProviderId, deviceAppId: caller.deviceAppId, deviceKeyThumbprint: "device-3")
            #expect(try await begin("q0", third).order != nil)
            bench.clock.advance(by: 61)
            #expect(try await bench.engine.endExpiredDialogs() == 4)
            #expect(try await begin("q4", stranger).order != nil)
        }
    }

    @Test("an issuer that names a security domain which the operator did not is not relayed")
    func issuerSecurityDomains() async throws {
        let other = HandsetSettings(lease: 60, issuerSecurityDomains: [.contactlessRegistryServices])
        try await withBench(settings: other) { bench in
            let card = try await bench.card()
            let handset = try Handset(bench, card)
            let created = await handset.create()
            #expect(created.executionStatus == .issuerError && created.serviceInstance == nil)
            #expect(created.executionMessage.contains("does not know"), "\(created.executionMessage)")
            #expect(handset.transport.requests == 1)
            #expect(try await bench.engine.openDialogCount() == 0)
        }
    }

    @Test("two devices create on one component at the same time: one instance, the other learns that it exists")
    func simultaneousCreations() async throws {
        try await withBench { bench in
            for number in 1...6 as ClosedRange<UInt8> {
                let card = try await bench.card(number: number)
                // Each has run its proof when the reports arrive together.
                let first = try Handset(bench, card, device: "first-\(number)"), second = try Handset(bench, card, device: "second-\(number)")
                let meeting = Meeting(2)
                for handset in [first, second] { handset.transport.before.withLock { $0[2] = { await meeting.wait() } } }
                @Sendable func create(_ handset: Handset) async -> CreateServiceInstanceResult {
                    let result = await handset.create()
                    // Who is turned away earlier keeps nobody waiting.
                    await meeting.open()
                    return result
                }
                async let one = create(first)
                async let two = create(second)
                let results = await [one, two]
                let statuses = results.map(\.executionStatus)
                #expect(Set(statuses) == [.noError, .alreadyExists], "\(results.map(\.executionMessage))")
                let winner = try #require(results.first { $0.executionStatus == .noError }?.serviceInstance)
                #expect(results.first { $0.executionStatus == .alreadyExists }?.serviceInstance == nil)
                for handset in [first, second] {
                    #expect(await handset.client.getServiceInstances(serviceId: FixedCatalogue.serviceId).serviceInstances.map(\.id) == [winner.id])
                }
            }
        }
    }

    @Test("what the service provider changes or withdraws before the order that installs is not deployed, and nothing stays", arguments: [CardProfile.eSERandom, .inheritedRandom], [true, false])
    func changedMeanwhile(profile: CardProfile, withdrawn: Bool) async throws {
        try await withBench { bench in
            let card = try await bench.card(profile)
            let before = card.image
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            // Before the report that the installing order answers.
            let last = 2 + profile.deploymentTrips - 1
            handset.transport.before.withLock { $0[last] = {
                bench.catalogue.state.withLock { state in
                    var document = bench.catalogue.document
                    document.spParameters["line"] = "U2"
                    state.changed = document
                    state.isDeleted = withdrawn
                }
            } }
            let result = await handset.deploy(id)
            #expect(result.processInfo.executionStatus == .noEligibleSecureComponent, "\(result.processInfo.executionMessage)")
            #expect(result.processInfo.executionMessage.contains("changed or withdrawn"))
            #expect(result.serviceInstanceState == .notDeployed)
            #expect(card.image.registry == before.registry && card.image.accessRules == before.accessRules)
            // What was changed is deployed by the next call, what was withdrawn is not.
            let next = await handset.deploy(id)
            #expect(next.processInfo.executionStatus == (withdrawn ? .noEligibleSecureComponent : .noError), "\(next.processInfo.executionMessage)")
            if !withdrawn { #expect(next.technicalInformation.spParameters?["line"] == "U2") }
        }
    }

    @Test("only another revision number is no change")
    func sameContent() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card(.eSERandom))
            let id = try #require(await handset.create().serviceInstance?.id)
            handset.transport.before.withLock { $0[5] = {
                bench.catalogue.state.withLock { state in
                    var document = bench.catalogue.document
                    document.revision += 7
                    document.service.revision += 7
                    state.changed = document
                }
            } }
            let result = await handset.deploy(id)
            #expect(result.serviceInstanceState == .operational, "\(result.processInfo.executionMessage)")
        }
    }

    @Test("a Service that the catalogue does not show, and never said to be deleted, makes no orphan")
    func missingService() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id, [Handset.all[0]], finalize: false).serviceInstanceState == .installed)
            bench.catalogue.state.withLock { $0.isMissing = true }
            let missing = await handset.deploy(id, [Handset.all[1]], finalize: false)
            #expect(missing.processInfo.executionStatus == .tsmNotAvailable, "\(missing.processInfo.executionMessage)")
            bench.catalogue.state.withLock { $0.isMissing = false; $0.isDeleted = true }
            #expect(await handset.deploy(id, [Handset.all[1]], finalize: false).processInfo.executionStatus == .orphanedServiceInstance)
            bench.catalogue.state.withLock { $0.isDeleted = false }
            #expect(await handset.deploy(id, [Handset.all[1]], finalize: false).serviceInstanceState == .personalized)
        }
    }
}

/// Lets nobody go on before all are there, or it is opened.
private actor Meeting {
    private let size: Int
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ size: Int) { self.size = size }

    func wait() async {
        if isOpen { return }
        await withCheckedContinuation { waiting.append($0); if waiting.count == size { open() } }
    }

    func open() {
        isOpen = true
        for one in waiting { one.resume() }
        waiting = []
    }
}
