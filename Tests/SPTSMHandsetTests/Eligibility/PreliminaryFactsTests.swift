import DeploymentDocument
import GlobalPlatform
import SecureComponentSimulator
import ServiceKit
@testable import SPTSMHandset
import TSMAPI
import Testing
import TrustedServiceModel

/// TR-03165 3.3.1: what the handset says first is preliminary; under secure messaging it proves true, or the process ends and leaves nothing behind.
@Suite("handsets that say what is not so")
struct PreliminaryFactsTests {
    @Test("another sequence counter than the card's, in the request of a deployment: the card is believed, the deployment completes",
          arguments: [nil, "000000", "000001", "0000FF", "FFFFFF", "7FFFFE", "", "00", "nonsense", "00000000"], [CardProfile.eSE, .eSERandom, .inherited])
    func counter(claimed: String?, profile: CardProfile) async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card(profile))
            let id = try #require(await handset.create().serviceInstance?.id)
            handset.transport.edits.withLock { $0[3] = { body in
                var request = try WireJSON.decode(HandsetAPI.DeployRequest.self, from: body)
                request.handshake.components[0].sequenceCounter = claimed
                return Array(try WireJSON.encode(request))
            } }
            let result = await handset.deploy(id)
            let message = "\(claimed ?? "none"): \(result.processInfo.executionMessage)"
            if result.processInfo.executionStatus != .noError {
                // A counter without room for the sessions is the issuer's to refuse; nothing has changed, and the truth works.
                #expect(result.processInfo.executionStatus == .issuerError && result.serviceInstanceState == .notDeployed, "\(message)")
                #expect(await handset.deploy(id).serviceInstanceState == .operational)
            }
            let domain = bench.catalogue.document.service.securityDomain
            #expect(handset.card.image.registry.count { $0.aid == domain } == 1)
            #expect(handset.card.image.keySets(of: domain).map(\.version) == [0x31])
        }
    }

    @Test("another card's identity: its issuer finds the card out, and nothing is created")
    func identity() async throws {
        try await withBench { bench in
            let victim = try await bench.card(number: 1)
            let own = try Handset(bench, victim)
            let id = try #require(await own.create().serviceInstance?.id)
            let liar = try Handset(bench, try await bench.card(number: 2), device: "device-2")
            func claim(_ request: Int, _ change: @escaping @Sendable (inout HandsetAPI.Component) -> Void) {
                liar.transport.edits.withLock { $0[request] = { body in
                    var request = try WireJSON.decode(HandsetAPI.QueryRequest.self, from: body)
                    change(&request.handshake.components[0])
                    return Array(try WireJSON.encode(request))
                } }
            }
            claim(1) { $0.cin = "990001" }
            let listed = await liar.client.getServiceInstances(serviceId: FixedCatalogue.serviceId)
            #expect(listed.serviceInstances.isEmpty && listed.executionStatus == .noEligibleSecureComponent && listed.executionMessage.contains("genuine"), "\(listed.executionMessage)")
            liar.transport.edits.withLock { $0 = [3: { body in
                var request = try WireJSON.decode(HandsetAPI.CreateRequest.self, from: body)
                request.handshake.components[0].cin = "990001"
                return Array(try WireJSON.encode(request))
            }] }
            let created = await liar.create()
            #expect(created.executionStatus == .noEligibleSecureComponent && !created.executionMessage.contains(id), "\(created.executionMessage)")
        }
    }

    @Test("each answer of the proof altered or left out: refused, or of no consequence", arguments: 0..<8, [true, false])
    func evidence(index: Int, isLeftOut: Bool) async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let before = handset.card.image.registry
            handset.transport.edits.withLock { $0[2] = { body in
                var report = try WireJSON.decode(SERAM.Report.self, from: body)
                var answers = report.ramResponses?.flatMap(\.listOfRAPDU) ?? []
                guard index < answers.count else { return body }
                if isLeftOut {
                    answers.remove(at: index)
                } else {
                    // The last byte of the data, before the status word.
                    var bytes = try Hex.decode(answers[index])
                    if bytes.count > 2 { bytes[bytes.count - 3] ^= 0x01 }
                    answers[index] = Hex.encodeUpperCase(bytes)
                }
                report.ramResponses = [SERAM.Response(listOfRAPDU: answers)]
                return Array(try WireJSON.encode(report))
            } }
            let created = await handset.create()
            guard let id = created.serviceInstance?.id else {
                #expect([.noEligibleSecureComponent, .issuerError].contains(created.executionStatus), "\(created.executionMessage)")
                #expect(handset.card.image.registry == before)
                return
            }
            // What nothing is taken from: the answer to SELECT, the lengths of keys, the counter (the challenge has it again), the CPLC, which comes last.
            #expect([0, 4, 5, 7].contains(index), "answer \(index) may be altered")
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
        }
    }

    /// The inventory, and so the profile, say more of the card than is so: an older platform than the load file needs.
    private func overstated(_ profile: CardProfile) -> CardProfile {
        var old = profile
        old.name += "-older-platform"
        old.javaCardVersion = CardProfile.eSEOlder.javaCardVersion
        old.platformPackages = CardProfile.eSEOlder.platformPackages
        return old
    }

    @Test("a platform older than it is said to be: the card refuses the load file under secure messaging, the process ends with category 7, a clean-up order follows",
          arguments: [CardProfile.eSE, .eSERandom, .inherited, .inheritedRandom])
    func platform(profile: CardProfile) async throws {
        let catalogue = try FixedCatalogue(cap: "ticket-1.1-jc310.cap", profile: TSMBench.profile)
        try await withBench(catalogue) { bench in
            let card = try await bench.card(overstated(profile), listedAs: profile)
            let before = card.image
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            for _ in 0..<2 {
                let process = handset.transport.requests
                let failed = await handset.deploy(id)
                let message = failed.processInfo.executionMessage
                #expect(failed.processInfo.executionStatus == .secureComponentError, "\(message)")
                #expect(message.contains("load package") && message.contains("removed again"), "\(message)")
                #expect(failed.serviceInstanceState == .notDeployed)
                #expect(failed.serviceCommandResults.map(\.commandExecutionStatus) == [.failed, .notExecuted, .notExecuted])
                // Two requests more than a deployment's own: the clean-up's order and its report.
                #expect(handset.transport.requests - process > 2)
                #expect(card.image.registry == before.registry && card.image.accessRules == before.accessRules)
                #expect(card.image.freeMemory(for: .issuerSecurityDomain) == before.freeMemory(for: .issuerSecurityDomain))
                let record = try #require(try await bench.engine.store.instance(id: id, owner: FixedCatalogue.provider))
                #expect(record.content.isKnown && !record.content.holdsSecurityDomain && record.content.finalKeySetId == nil && record.content.suspectKeySets.isEmpty)
            }
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
        }
    }

    @Test("a card that proves none of its answers, passed off as one that does: found out in the first session, nothing is left on it")
    func unproving() async throws {
        // Pseudo-random challenges without response MACs (i=10) where the inventory says i=70.
        var bare = CardProfile.eSE
        bare.name += "-10"
        bare.scp03Options = [0x10]
        try await withBench { bench in
            let card = try await bench.card(bare, listedAs: .eSE)
            let before = card.image
            let handset = try Handset(bench, card)
            #expect(await handset.create().executionStatus == .noEligibleSecureComponent)
            // The handset mends what gives the card away: recognition data, and i in the answer to INITIALIZE UPDATE.
            handset.transport.edits.withLock { $0[4] = { body in
                var report = try WireJSON.decode(SERAM.Report.self, from: body)
                let answers = try (report.ramResponses?.flatMap(\.listOfRAPDU) ?? []).map { text in
                    var bytes = try Hex.decode(text)
                    // 1.2.840.114283.4.3.i of the secure channel; KDD (10), version, SCP, i.
                    if let at = bytes.indices.first(where: { Array(bytes[$0...].prefix(9)) == [0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x04, 0x03, 0x10] }) { bytes[at + 8] = 0x70 }
                    if bytes.count == 34, bytes[11] == 0x03, bytes[12] == 0x10 { bytes[12] = 0x70 }
                    return Hex.encodeUpperCase(bytes)
                }
                report.ramResponses = [SERAM.Response(listOfRAPDU: answers)]
                return Array(try WireJSON.encode(report))
            } }
            let created = await handset.create()
            let id = try #require(created.serviceInstance?.id, "\(created.executionMessage)")
            let failed = await handset.deploy(id)
            #expect([.secureComponentError, .issuerError, .noEligibleSecureComponent].contains(failed.processInfo.executionStatus), "\(failed.processInfo.executionMessage)")
            #expect(card.image.registry == before.registry && card.image.accessRules == before.accessRules)
            #expect(failed.serviceInstanceState != .operational)
            // With a card that no session can be had with, nothing is claimed: neither a deployment nor a deletion.
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus != .noError)
            #expect(card.image.registry == before.registry && card.image.accessRules == before.accessRules)
        }
    }
}
