import GlobalPlatform
import SEIAPI
import SecureComponentSimulator
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
            // Contact renews.
            #expect(try await bench.desk.dialog(dialog.dialogId).status == .open)
            bench.clock.advance(by: 50)
            #expect(try await bench.desk.dialog(dialog.dialogId).status == .open)
            bench.clock.advance(by: 60)
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

    @Test func dialogOfAnotherDoesNotExist() async throws {
        try await withBench { bench in
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
        try await withBench(aidPrefixes: [try bytes("f054534d53")]) { bench in
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

    @Test func inheritedFirstKeysAreNotSupported() async throws {
        try await withBench { bench in
            let card = try BenchCard()
            var entry = card.entry
            entry.firstKeys = .inherited
            _ = try await bench.engine.addComponents([entry])
            _ = try await bench.prove(card)
            let request = try bench.request(card, [[try Domain.creation()]])
            do {
                _ = try await bench.desk.openDialog(request, idempotencyKey: "k")
                Issue.record("was not refused")
            } catch let error as SEIError {
                #expect(error.code == .contractViolation)
                #expect(error.reason.contains("not supported yet"))
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
