import GlobalPlatform
import SEIAPI
import SecureComponentSimulator
import ServiceKit
import Testing
@testable import SEITSMService

@Suite struct DialogAccessTests {
    @Test func oneDialogPerComponent() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            _ = try await bench.prove(card, to: IssuerBench.otherSpTsm)
            let dialog = try await bench.open(card, [[.status(aid: try aid(Domain.hex))]])
            bench.clock.advance(by: 12.5)
            let request = try bench.request(card, [[.status(aid: try aid(Domain.hex))]])
            for caller in [IssuerBench.spTsm, IssuerBench.otherSpTsm] {
                do {
                    _ = try await bench.engine.as(caller).openDialog(request, idempotencyKey: "other")
                    Issue.record("a second dialog was opened")
                } catch let error as SEIError {
                    #expect(error.code == .dialogOpen)
                    #expect(error.retryAfter == 48)
                }
            }
            // Another component is not concerned.
            let second = try await bench.provenCard(number: 2)
            _ = try await bench.open(second, [[.status(aid: try aid(Domain.hex))]], key: "second")
            try await bench.desk.abandonDialog(dialog.dialogId)
            _ = try await bench.open(card, [[.status(aid: try aid(Domain.hex))]], key: "next")
        }
    }

    @Test func concurrentOpeningsYieldOneDialog() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let request = try bench.request(card, [[.status(aid: try aid(Domain.hex))]])
            let opened = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<8 {
                    group.addTask { (try? await bench.desk.openDialog(request, idempotencyKey: "key-\(number)")) != nil }
                }
                return await group.reduce(into: 0) { count, opened in count += opened ? 1 : 0 }
            }
            #expect(opened == 1)
        }
    }

    @Test func idempotency() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let request = try bench.request(card, [[try Domain.creation()]])
            let dialog = try await bench.desk.openDialog(request, idempotencyKey: "same")
            #expect(try await bench.desk.openDialog(request, idempotencyKey: "same") == dialog)
            var other = request
            other.process = "process-2"
            await expect(.invalidRequest) { try await bench.desk.openDialog(other, idempotencyKey: "same") }
            for key in ["", String(repeating: "x", count: 129)] {
                await expect(.invalidRequest) { try await bench.desk.openDialog(request, idempotencyKey: key) }
            }
            // Keys are the caller's own: another SP TSM's same key means nothing.
            _ = try await bench.prove(card, to: IssuerBench.otherSpTsm)
            await expect(.dialogOpen) { try await bench.engine.as(IssuerBench.otherSpTsm).openDialog(request, idempotencyKey: "same") }
            try await bench.desk.abandonDialog(dialog.dialogId)
            #expect(try await bench.desk.openDialog(request, idempotencyKey: "same").status == .abandoned)
        }
    }

    @Test func leaseEndsTheDialog() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let dialog = try await bench.open(card, [[try Domain.creation()]])
            bench.clock.advance(by: 50)
            // Reading renews nothing.
            #expect(try await bench.desk.dialog(dialog.dialogId) == dialog)
            bench.clock.advance(by: 10)
            let responses = try card.run(dialog.sessions[0].commands)
            await expect(.dialogClosed) { try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: responses)) }
            #expect(try await bench.desk.dialog(dialog.dialogId).status == .abandoned)
            // The late report is kept, and the next session tells what is on the card.
            #expect(try await bench.engine.journal(subject: dialog.dialogId).map(\.kind).contains(.lateResults))
            #expect(try #require(try await bench.engine.components(after: nil, limit: 1).components.first).contentKnown == false)
            let next = try await bench.open(card, [[.status(aid: try aid(Domain.hex))]], key: "2")
            let (end, _) = try await bench.relay(next, on: card)
            #expect(end.status == .completed)
            #expect(end.sessions[0].registry.first?.bytes.isEmpty == false)
            #expect(try #require(try await bench.engine.components(after: nil, limit: 1).components.first).contentKnown)
        }
    }

    @Test func resultsRenewTheLeaseUpToTheLongestLife() async throws {
        try await withBench({ $0.maximumDialog = 150 }) { bench in
            let card = try await bench.provenCard()
            try await bench.relay(try await bench.open(card, [[try Domain.creation()]]), on: card)
            let opened = bench.clock.now
            var dialog = try await bench.open(card, Array(repeating: [.status(aid: try aid(Domain.hex))], count: 4), key: "2")
            #expect(dialog.expiresAt == WireDate.text(opened.addingTimeInterval(60)))
            for (session, end) in [(0, 110.0), (1, 150.0)] {
                bench.clock.advance(by: 50)
                let results = SEI.SessionResults(session: session, responses: try card.run(dialog.sessions[session].commands))
                dialog = try await bench.desk.submitResults(dialog.dialogId, results)
                #expect(dialog.status == .open)
                #expect(dialog.expiresAt == WireDate.text(opened.addingTimeInterval(end)))
            }
            bench.clock.advance(by: 50)
            #expect(try await bench.desk.dialog(dialog.dialogId).status == .abandoned)
        }
    }

    @Test func readingDoesNotHoldAComponent() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard(profile: .eSERandom)
            let dialog = try await bench.open(card, [[.status(aid: try aid(Domain.hex))], [.status(aid: try aid(Domain.hex))]], predicted: false)
            // Also not where reading brings a new script: nobody had the answer in which it would have been.
            let opening = try card.run(dialog.sessions[0].commands)
            let running = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: opening))
            bench.flaky.failNext("openChannel", losing: .request)
            let results = SEI.SessionResults(session: 0, responses: try card.run(running.sessions[0].commands))
            await expect(.unavailable) { try await bench.desk.submitResults(dialog.dialogId, results) }
            bench.clock.advance(by: 40)
            let read = try await bench.desk.dialog(dialog.dialogId)
            #expect(read.sessions[0].commands.count == 2 && read.sessions[0].commands != dialog.sessions[0].commands)
            #expect(read.expiresAt == dialog.expiresAt)
            bench.clock.advance(by: 20)
            #expect(try await bench.desk.dialog(dialog.dialogId).status == .abandoned)
        }
    }

    @Test func oldProofsOpenNoDialog() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            bench.clock.advance(by: 86_400)
            let dialog = try await bench.open(card, [[.status(aid: try aid(Domain.hex))]])
            try await bench.desk.abandonDialog(dialog.dialogId)
            bench.clock.advance(by: 1)
            let request = try bench.request(card, [[.status(aid: try aid(Domain.hex))]])
            await expect(.unknownSecureComponent) { try await bench.desk.openDialog(request, idempotencyKey: "late") }
            #expect(try await bench.desk.secureComponent(card.id).id == card.id)
            // A proof that the issuer does not accept is none.
            _ = try await bench.engine.setBlocked(true, component: card.id)
            _ = try await bench.prove(card)
            _ = try await bench.engine.setBlocked(false, component: card.id)
            await expect(.unknownSecureComponent) { try await bench.desk.openDialog(request, idempotencyKey: "late") }
            _ = try await bench.prove(card)
            _ = try await bench.open(card, [[.status(aid: try aid(Domain.hex))]], key: "late")
        }
    }

    @Test func expiredDialogMakesRoom() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let dialog = try await bench.open(card, [[.status(aid: try aid(Domain.hex))]])
            bench.clock.advance(by: 60)
            _ = try await bench.open(card, [[.status(aid: try aid(Domain.hex))]], key: "2")
            #expect(try await bench.desk.dialog(dialog.dialogId).status == .abandoned)
        }
    }

    @Test func housekeepingEndsAndForgets() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let dialog = try await bench.open(card, [[.status(aid: try aid(Domain.hex))]])
            bench.clock.advance(by: 61)
            try await bench.engine.housekeep()
            #expect(try await bench.engine.journal(subject: dialog.dialogId).last?.note?.hasPrefix("abandoned") == true)
            bench.clock.advance(by: 91 * 86_400)
            try await bench.engine.housekeep()
            #expect(try await bench.engine.journal(subject: dialog.dialogId).isEmpty)
            await expect(.notFound) { try await bench.desk.dialog(dialog.dialogId) }
        }
    }

    /// Kept apart by their prefixes, and by whose domain it is where somebody gave both the same.
    @Test(arguments: ["f054534d54", "f054534d53"]) func dialogOfAnotherDoesNotExist(prefix: String) async throws {
        let others = try bytes(prefix)
        try await withBench({ $0.contracts[1].aidPrefixes = [others] }) { bench in
            let card = try await bench.provenCard()
            let dialog = try await bench.open(card, [[try Domain.creation()]])
            let other = bench.engine.as(IssuerBench.otherSpTsm)
            await expect(.notFound) { try await other.dialog(dialog.dialogId) }
            await expect(.notFound) { try await other.abandonDialog(dialog.dialogId) }
            await expect(.notFound) { try await other.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: [])) }
            try await bench.relay(dialog, on: card)
            // The domain is not the other's to read, replace or delete.
            _ = try await bench.prove(card, to: IssuerBench.otherSpTsm)
            for operation in [SEI.Operation.deleteSecurityDomain(aid: try aid(Domain.hex)), .status(aid: try aid(Domain.hex)), try Domain.creation()] {
                let request = try bench.request(card, [[operation]])
                await expect(.contractViolation) { try await other.openDialog(request, idempotencyKey: "x") }
            }
            #expect(card.entry(try aid(Domain.hex)) != nil)
        }
    }

    @Test func contractBoundsWhatMayBeAsked() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            func refused(_ code: SEIError.Code, _ sessions: [[SEI.Operation]], sourceLocation: SourceLocation = #_sourceLocation) async throws {
                let request = try bench.request(card, sessions)
                await expect(code, sourceLocation: sourceLocation) { try await bench.desk.openDialog(request, idempotencyKey: "k") }
            }
            let domain = try aid(Domain.hex)
            func creation(_ aid: AID, transport: String = IssuerBench.transportKey, version: UInt8 = 0x30, apps: [HexBytes] = [], nonVolatile: Int? = nil) -> SEI.Operation {
                .createSecurityDomain(aid: aid, quotas: SEI.Quotas(nonVolatile: nonVolatile, volatile: nil), transportKeyIndex: transport, keyVersionNumber: version, deviceAppIds: apps)
            }
            try await refused(.contractViolation, [[creation(try aid("f099999999"))]])
            try await refused(.contractViolation, [[creation(.issuerSecurityDomain)]])
            try await refused(.contractViolation, [[creation(domain, transport: "other")]])
            try await refused(.invalidRequest, [[creation(domain, version: 0x40)]])
            try await refused(.invalidRequest, [[creation(domain, apps: [try bytes("0102")])]])
            try await refused(.invalidRequest, [[creation(domain, nonVolatile: -1)]])
            try await refused(.invalidRequest, [[creation(domain)], [creation(domain)]])
            try await refused(.contractViolation, [[.deleteSecurityDomain(aid: domain)]])
            try await refused(.contractViolation, [[.status(aid: .accessRuleApplicationMaster)]])
            try await refused(.contractViolation, [[.addAccessRules([SEI.AccessRule(aid: .issuerSecurityDomain, deviceAppId: nil, apdu: true, nfc: true)])]])
            try await refused(.invalidRequest, [[.addAccessRules([])]])
            try await refused(.invalidRequest, [])
            try await refused(.invalidRequest, [[]])
            try await refused(.invalidRequest, Array(repeating: [.status(aid: domain)], count: 9))
            try await refused(.invalidRequest, [Array(repeating: .status(aid: domain), count: 65)])
        }
    }

    /// An AID that a component holds as something else, made "one's own domain" by an attempt to create it, would go by DELETE with all related objects.
    @Test func nothingOfOthersIsDeletedOrRuled() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let foreign = try aid("f054534d5401")
            let rule = SEI.AccessRule(aid: foreign, deviceAppId: HexBytes(Domain.app), apdu: true, nfc: false)
            let creation = SEI.Operation.createSecurityDomain(aid: foreign, quotas: SEI.Quotas(nonVolatile: nil, volatile: nil), transportKeyIndex: IssuerBench.transportKey,
                                                              keyVersionNumber: 0x30, deviceAppIds: [])
            for sessions in [[[creation], [.deleteSecurityDomain(aid: foreign)]], [[.deleteSecurityDomain(aid: foreign)]], [[.addAccessRules([rule])]], [[.removeAccessRules([rule])]],
                             [[.deleteSecurityDomain(aid: .accessRuleApplicationMaster)]], [[.deleteSecurityDomain(aid: .issuerSecurityDomain)]]] as [[[SEI.Operation]]] {
                let request = try bench.request(card, sessions)
                await expect(.contractViolation) { try await bench.desk.openDialog(request, idempotencyKey: "k") }
            }
            // A row from before the contract was narrowed changes nothing.
            let (component, at) = (card.id, bench.clock.now)
            try await bench.engine.store.write { db in
                let record = SecurityDomainRecord(componentId: component, aid: foreign, spTsm: IssuerBench.spTsm, state: .live, deviceAppIds: [])
                try SecurityDomainTable.save(record, at: at, db)
            }
            let request = try bench.request(card, [[.deleteSecurityDomain(aid: foreign)]])
            await expect(.contractViolation) { try await bench.desk.openDialog(request, idempotencyKey: "k") }
        }
    }

    @Test func onlyProvenComponentsThatAreNotBlocked() async throws {
        try await withBench { bench in
            let card = try await bench.addCard()
            let request = try bench.request(card, [[.status(aid: try aid(Domain.hex))]])
            await expect(.unknownSecureComponent) { try await bench.desk.openDialog(request, idempotencyKey: "k") }
            _ = try await bench.prove(card)
            _ = try await bench.engine.setBlocked(true, component: card.id)
            await expect(.componentBlocked) { try await bench.desk.openDialog(request, idempotencyKey: "k") }
            await expect(.forbidden) { try await bench.engine.as("spiffe://stranger.example/x").openDialog(request, idempotencyKey: "k") }
        }
    }

    @Test func counterOnlyWhereItForesees() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard(profile: .eSERandom)
            let request = SEI.DialogRequest(secureComponentId: card.id, process: "p", sequenceCounter: try bytes("000001"), sessions: [[.status(aid: try aid(Domain.hex))]])
            await expect(.invalidRequest) { try await bench.desk.openDialog(request, idempotencyKey: "k") }
            let other = try await bench.provenCard(number: 2)
            for counter in ["ffffff", "0001", ""] {
                let request = SEI.DialogRequest(secureComponentId: other.id, process: "p", sequenceCounter: try bytes(counter), sessions: [[.status(aid: try aid(Domain.hex))]])
                await expect(.invalidRequest) { try await bench.desk.openDialog(request, idempotencyKey: "k") }
            }
        }
    }

    @Test func transportKeysOfTheContract() async throws {
        try await withBench { bench in
            let keys = try await bench.desk.transportKeys()
            #expect(keys.map(\.index) == [IssuerBench.transportKey])
            #expect(keys[0].keyCheckValue.bytes.count == 3)
            await expect(.forbidden) { try await bench.engine.as("spiffe://stranger.example/x").transportKeys() }
        }
    }
}
