import Foundation
import GlobalPlatform
import KeyVaultAPI
import SecureComponentSimulator
@testable import SPTSMHandset
import Synchronization
import Testing
import TrustedServiceModel

/// Handsets are not trusted: what they report counts as far as the card has signed it.
@Suite("handsets that lie: no state is believed that no card has proven, and the next call recovers")
struct LyingHandsetTests {
    private func withWorld(_ body: (FaultWorld) async throws -> Void) async throws {
        let world = try await FaultWorld()
        do {
            try await body(world)
        } catch {
            try await world.close()
            throw error
        }
        try await world.close()
    }

    /// Reports of a deployment, in order, from the process before or from another card.
    private func reports(_ phone: any FaultedPhone, _ id: String) async throws -> [[UInt8]] {
        let begun = phone.transport.requests
        let told = await phone.deploy(id)
        try #require(told.category == .noError, "\(told.message)")
        return phone.transport.passed.withLock { $0[begun...].filter { $0.path.contains("/reports/") }.map(\.body) }
    }

    private func requireEmpty(_ world: FaultWorld, _ card: SimulatedCard, _ blank: CardContent) async throws {
        #expect(CardContent(card, world.domain) == blank)
        #expect(try await world.keySetsInUse(world.bench.spVault).isEmpty)
        #expect(try await world.keySetsInUse(world.bench.issuerVault).isEmpty)
        let open = try await world.openDialogs()
        #expect(open == (0, 0))
        #expect(card.failedAuthentications < 3)
    }

    private static let cases: [(FaultedCard, Lie)] = [FaultedCard.predictable, .random, .inherited].flatMap { card in Lie.allCases.map { (card, $0) } }

    @Test("each report of a deployment in turn", arguments: cases)
    func reports(kind: FaultedCard, lie: Lie) async throws {
        try await withWorld { world in
            for number in 0..<kind.profile.deploymentTrips - 1 {
                let (card, device) = try await world.newCard(kind)
                let blank = CardContent(card, world.domain)
                let phone = try world.phone(.stops, card, device: device)
                var id = try #require(await phone.create().instance)
                var others: [[UInt8]] = []
                if lie == .foreign {
                    let (second, device) = try await world.newCard(kind)
                    let other = try world.phone(.stops, second, device: device)
                    let otherId = try #require(await other.create().instance)
                    others = try await reports(other, otherId)
                    #expect(await other.terminate(otherId).category == .noError)
                }
                if lie == .replayed {
                    others = try await reports(phone, id)
                    #expect(await phone.terminate(id).category == .noError)
                    id = try #require(await phone.create().instance)
                }
                let other = try others.dropFirst(number).first.map { try JSONDecoder().decode(SERAM.Report.self, from: Data($0)) }
                phone.transport.edits.withLock { edits in
                    edits[phone.transport.requests + 2 + number] = { body in
                        let report = try JSONDecoder().decode(SERAM.Report.self, from: Data(body))
                        return [UInt8](try JSONEncoder().encode(lie.report(report, other: other)))
                    }
                }
                let told = await phone.deploy(id)
                let state = await phone.instances().found.first?.state
                let name = "\(lie.rawValue), report \(number + 1): '\(told.message)', \(String(describing: state))"
                #expect(told.category != .noError && state != nil, "\(name)")
                #expect([.notDeployed, .inError].contains(state), "\(name)")
                #expect(told.message.count > 30, "\(name)")
                let kept = try await world.bench.engine.store.journal(dialog: told.processId)
                #expect(kept.contains { $0.kind == "report" }, "\(name): the lie is not in the journal")
                let open = try await world.openDialogs()
                #expect(open == (0, 0), "\(name)")
                let again = await phone.deploy(id)
                #expect(again.category == .noError && again.state == .operational, "\(name): then \(again.message)")
                let content = CardContent(card, world.domain)
                #expect(content.keyVersions == [0x31], "\(name)")
                let ended = await phone.terminate(id)
                #expect(ended.category == .noError, "\(name): then \(ended.message)")
                try await requireEmpty(world, card, blank)
            }
        }
    }

    @Test("the order is run by another handset's card, which answers in the place of the proven one", arguments: [FaultedCard.predictable, .random])
    func foreignCard(kind: FaultedCard) async throws {
        try await withWorld { world in
            let (own, device) = try await world.newCard(kind)
            let (other, otherDevice) = try await world.newCard(kind)
            let (blank, otherBlank) = (CardContent(own, world.domain), CardContent(other, world.domain))
            let phone = try world.phone(.stops, own, device: device)
            let id = try #require(await phone.create().instance)
            // As far as it has been proven, it is the other's device; what it says in its handshake is the first card's.
            let liar = try world.phone(.stops, other, device: otherDevice)
            _ = try #require(await liar.create().instance)
            let handshake = Mutex<[HandsetAPI.Component]>([])
            phone.transport.edits.withLock { edits in
                edits[phone.transport.requests + 1] = { body in
                    let request = try JSONDecoder().decode(HandsetAPI.DeployRequest.self, from: Data(body))
                    handshake.withLock { $0 = request.handshake.components }
                    return body
                }
            }
            #expect(await phone.deploy(id).category == .noError)
            #expect(await phone.terminate(id).category == .noError)
            let second = try #require(await phone.create().instance)
            liar.transport.edits.withLock { edits in
                edits[liar.transport.requests + 1] = { body in
                    var request = try JSONDecoder().decode(HandsetAPI.DeployRequest.self, from: Data(body))
                    request.handshake.components = handshake.withLock { $0 }
                    return [UInt8](try JSONEncoder().encode(request))
                }
            }
            let told = await liar.deploy(second)
            #expect(told.category != .noError && told.state != .operational, "\(told.message)")
            #expect(CardContent(other, world.domain) == otherBlank && CardContent(own, world.domain) == blank)
            // The card itself is not kept from its own handset.
            let deployed = await phone.deploy(second)
            #expect(deployed.category == .noError, "\(told.message) then \(deployed.message)")
            #expect(await phone.terminate(second).category == .noError)
            try await requireEmpty(world, own, blank)
        }
    }

    @Test("another handset's dialog: neither its process nor its SERAM session takes a report from this one")
    func foreignDialog() async throws {
        try await withWorld { world in
            let (card, device) = try await world.newCard(.predictable)
            let phone = try world.phone(.stops, card, device: device)
            let id = try #require(await phone.create().instance)
            let stranger = HandsetCaller(serviceProviderId: FixedCatalogue.provider, deviceAppId: FixedCatalogue.app, deviceKeyThumbprint: "stranger")
            let engine = world.bench.engine
            phone.transport.before.withLock { hooks in
                hooks[phone.transport.requests + 2] = {
                    let dialog = try #require(try await engine.store.openDialog(instance: id))
                    let report = SERAM.Report(localAgentStatus: SERAM.AgentStatus(.processed, executedSeRamCommands: 1), ramResponses: [SERAM.Response(listOfRAPDU: ["9000"])])
                    await #expect(throws: HandsetRefusal.self) { try await engine.report(dialog.reportNumber, report, digest: "lie", dialogId: dialog.id, caller: stranger) }
                    await #expect(throws: HandsetRefusal.self) {
                        try await engine.report(report, digest: "lie", sessionDigest: SessionDigest.of(dialog.sessionId), caller: stranger)
                    }
                    await #expect(throws: HandsetRefusal.self) { try await engine.report(dialog.reportNumber, report, digest: "lie", dialogId: dialog.sessionId, caller: stranger) }
                }
            }
            #expect(await phone.deploy(id).category == .noError)
            #expect(await phone.terminate(id).category == .noError)
        }
    }

    @Test("two handsets present one card in turn: the second is told that a process runs; after the lease it goes on, and the first one's report counts for nothing",
          arguments: [FaultedCard.predictable, .random, .inherited])
    func twoHandsets(kind: FaultedCard) async throws {
        try await withWorld { world in
            let (card, device) = try await world.newCard(kind)
            let blank = CardContent(card, world.domain)
            let first = try world.phone(.stops, card, device: device), second = try world.phone(.stops, card, device: device + "-second")
            let id = try #require(await first.create().instance)
            let inside = Mutex<[Told]>([])
            let goal = Mutex<CardContent?>(nil)
            // The first has run its order, or its opening, and has yet to report.
            first.transport.before.withLock { hooks in
                hooks[first.transport.requests + 2] = {
                    let refused = await second.deploy(id)
                    try await world.letLeasesEnd()
                    let deployed = await second.deploy(id)
                    inside.withLock { $0 = [refused, deployed] }
                    goal.withLock { $0 = CardContent(card, world.domain) }
                }
            }
            let late = await first.deploy(id)
            let told = inside.withLock { $0 }
            #expect(told.map(\.category) == [.notAllowed, .noError], "\(told)")
            #expect(late.category == .executionInterrupted, "\(late.message)")
            let found = await first.instances().found
            #expect(found.map(\.state) == [.operational])
            #expect(CardContent(card, world.domain) == goal.withLock { $0 })
            #expect(await first.terminate(id).category == .noError)
            try await requireEmpty(world, card, blank)
        }
    }

    /// The commands of the order that answers the request with this number, which the card never sees.
    private func abandonedOrder(_ world: FaultWorld, _ phone: any FaultedPhone, _ card: SimulatedCard, _ id: String, counter: String? = nil) async throws -> [[UInt8]] {
        let order = Mutex<[[UInt8]]>([])
        if let counter {
            phone.transport.edits.withLock { edits in
                edits[phone.transport.requests + 1] = { body in
                    var request = try JSONDecoder().decode(HandsetAPI.DeployRequest.self, from: Data(body))
                    for index in request.handshake.components.indices { request.handshake.components[index].sequenceCounter = counter }
                    return [UInt8](try JSONEncoder().encode(request))
                }
            }
        }
        phone.transport.before.withLock { hooks in
            hooks[phone.transport.requests + 1] = { card.inject(.at(0, .dropCommand)) }
            hooks[phone.transport.requests + 2] = {
                let dialog = try #require(try await world.bench.engine.store.openDialog(instance: id))
                let answer = try #require(try await world.bench.engine.store.lastAnswer(dialog: dialog.id)).answer
                for case .apdus(let list) in answer.order?.ramCommands ?? [] { for text in list { let bytes = try Hex.decode(text); order.withLock { $0.append(bytes) } } }
            }
        }
        phone.transport.faults.withLock { $0[phone.transport.requests + 2] = .loseRequest }
        #expect(await phone.deploy(id).category == .networkConnectionError)
        card.inject(FaultPlan())
        try await world.letLeasesEnd()
        return order.withLock { $0 }
    }

    /// As a handset that kept it would, on the basic channel, stopping at an error.
    private func run(_ order: [[UInt8]], on card: SimulatedCard) throws -> Int {
        for (place, command) in order.enumerated() {
            guard try ResponseAPDU(bytes: card.transmit(command)).statusWord.allowsContinuation else { return place }
        }
        return order.count
    }

    @Test("an order that was abandoned is run days later, when the card has gone on: the card refuses it, and nothing changes", arguments: [FaultedCard.predictable, .inherited])
    func abandonedAndSpent(kind: FaultedCard) async throws {
        try await withWorld { world in
            let (card, device) = try await world.newCard(kind)
            let blank = CardContent(card, world.domain)
            let phone = try world.phone(.stops, card, device: device)
            let id = try #require(await phone.create().instance)
            let order = try await abandonedOrder(world, phone, card, id)
            #expect(order.count > 20)
            let deployed = await phone.deploy(id)
            #expect(deployed.category == .noError, "\(deployed.message)")
            let goal = CardContent(card, world.domain)
            world.bench.clock.advance(by: 3 * 86_400)
            #expect(try run(order, on: card) < 4)
            #expect(CardContent(card, world.domain) == goal)
            let found = await phone.instances()
            #expect(found.found.map(\.state) == [.operational], "\(found.told.message)")
            #expect(await phone.suspend(id, true).category == .noError)
            #expect(await phone.terminate(id).category == .noError)
            #expect(try run(order, on: card) < 4)
            try await requireEmpty(world, card, blank)
        }
    }

    @Test("an order made for a counter that the card has yet to reach is run days later, when the instance is gone: its keys were kept, and the next deployment recovers",
          arguments: [FaultedCard.predictable, .inherited])
    func abandonedAndRun(kind: FaultedCard) async throws {
        try await withWorld { world in
            let (card, device) = try await world.newCard(kind)
            let blank = CardContent(card, world.domain)
            let phone = try world.phone(.stops, card, device: device)
            let id = try #require(await phone.create().instance)
            let order = try await abandonedOrder(world, phone, card, id, counter: "000040")
            let suspects = try #require(try await world.bench.engine.store.instance(id: id, owner: FixedCatalogue.provider)).content.suspectKeySets
            #expect(suspects.count == 2)
            #expect(await phone.terminate(id).category == .noError)
            for set in suspects { #expect(try await world.bench.keys.keySet(id: set).state == .retired) }
            // Other programs bring the counter to where the order begins.
            _ = try card.transmit(SelectCommand(aid: .issuerSecurityDomain).apdu)
            while card.image.keySets(of: .issuerSecurityDomain)[0].sequenceCounter < 0x40 {
                _ = try card.transmit(SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8]))
            }
            world.bench.clock.advance(by: 3 * 86_400)
            #expect(try run(order, on: card) == order.count)
            card.reset()
            #expect(card.image.registry.contains { $0.aid == world.domain })
            // The TSM does not know, and does not say that anything is deployed.
            #expect(await phone.instances().found.isEmpty)
            let second = try #require(await phone.create().instance)
            var told = await phone.deploy(second)
            if told.category != .noError {
                #expect([.notDeployed, .inError].contains(told.state) && told.message.count > 30, "\(told.message)")
                told = await phone.deploy(second)
            }
            #expect(told.category == .noError && told.state == .operational, "\(told.message)")
            #expect(card.image.registry.count { $0.aid == world.domain } == 1 && CardContent(card, world.domain).keyVersions == [0x31])
            let ended = await phone.terminate(second)
            #expect(ended.category == .noError, "\(ended.message)")
            try await requireEmpty(world, card, blank)
        }
    }

    @Test("another program's INITIALIZE UPDATE before or amid an order, of each operation: recovered in the same call or the next, and no false state",
          arguments: [FaultedOperation.deploy, .update, .suspend, .resume, .terminate, .redeploy], [0, 9, 20])
    func spoiled(operation: FaultedOperation, at command: Int) async throws {
        try await withWorld { world in
            let (card, device) = try await world.newCard(.predictable)
            let blank = CardContent(card, world.domain)
            let slot = SharedSlot(card)
            let phone = try SDKPhone(world.bench, card, device: device, slot: slot)
            let id = try await operation.prepare(phone, card)
            slot.intrude(at: command)
            let told = await operation.perform(phone, id)
            #expect(slot.hasIntruded)
            if told.category != .noError {
                let state = await phone.instances().found.first?.state
                let again = await operation.repeated(phone, id, state: state)
                #expect(again.category == .noError, "\(told.message) then \(again.message)")
            }
            if let found = await phone.instances().found.first {
                #expect(await phone.terminate(found.id).category == .noError)
            }
            try await requireEmpty(world, card, blank)
        }
    }
}
