import Cryptography
import Foundation
import GlobalPlatform
import GRDB
import KeyVaultAPI
import SEIAPI

extension SEIEngine {
    func openDialog(_ request: SEI.DialogRequest, idempotencyKey: String, _ spTsm: String) async throws(SEIError) -> SEI.Dialog {
        let contract = try contract(of: spTsm)
        guard (1...128).contains(idempotencyKey.utf8.count) else { throw SEIError(.invalidRequest, "Idempotency-Key has 1 to 128 bytes") }
        guard request.process.utf8.count <= 128 else { throw SEIError(.invalidRequest, "process has at most 128 bytes") }
        let digest = try digest(of: request)
        await turns.enter(request.secureComponentId)
        defer { turns.leave(request.secureComponentId) }
        if let known = try await read({ db in try DialogTable.find(idempotencyKey: idempotencyKey, spTsm: spTsm, db) }) {
            guard known.digest == digest else { throw SEIError(.invalidRequest, "this Idempotency-Key came with another request before") }
            return try await current(known.record).answer
        }
        let component = try await provenComponent(request.secureComponentId, spTsm, since: now().addingTimeInterval(-settings.proofValidity))
        guard !component.blocked else { throw SEIError(.componentBlocked, "the issuer has blocked this component") }
        try await requireNoDialog(component.id)
        let aids = Set(request.sessions.joined().flatMap(\.aids))
        let domains = try await read { db in
            var domains: [AID: SecurityDomainRecord] = [:]
            for aid in aids { domains[aid] = try SecurityDomainTable.find(component: component.id, aid: aid, db) }
            return domains
        }
        try OperationRules(settings: settings, contract: contract, component: component, domains: domains).check(request.sessions)
        let counter = try foreseen(request, component)
        try await requireReports(component.id, spTsm, opening: counter == nil ? 1 : request.sessions.count)
        let record = try await prepared(request, component, contract, domains, counter: counter)
        try await store(record, component, domains, request, idempotencyKey: idempotencyKey, digest: digest)
        return record.answer
    }

    /// - Returns: the counter before the first session, where the sessions are to be predicted.
    private func foreseen(_ request: SEI.DialogRequest, _ component: Component) throws(SEIError) -> UInt32? {
        guard let reading = request.sequenceCounter else { return nil }
        guard component.secureChannel.hasPseudoRandomChallenge else {
            throw SEIError(.invalidRequest, "this component's challenges are random: leave out sequenceCounter")
        }
        guard let counter = SequenceCounter(bytes: reading.bytes)?.value, SequenceCounter(counter + UInt32(request.sessions.count)) != nil else {
            throw SEIError(.invalidRequest, "sequenceCounter is three bytes, with room for the sessions of this dialog")
        }
        return counter
    }

    private func requireNoDialog(_ component: String) async throws(SEIError) {
        guard let open = try await read({ db in try DialogTable.open(component: component, db) }) else { return }
        let left = open.leaseUntil.timeIntervalSince(now())
        guard left <= 0 else {
            throw SEIError(.dialogOpen, "another dialog with this component is under way", retryAfter: max(1, Int(left.rounded(.up))))
        }
        try await expire(open)
    }

    /// An SP TSM that opens sessions and brings back nothing must not use up what the key vault allows for the component, nor hold it again and again.
    private func requireReports(_ component: String, _ spTsm: String, opening sessions: Int) async throws(SEIError) {
        let unproven = try await unprovenSessions(component, spTsm)
        guard unproven == 0 || unproven + sessions <= settings.maximumUnprovenSessions else {
            throw SEIError(.componentBlocked, "you had \(unproven) sessions opened with this component and brought back none that verifies; the issuer's operator has to release it for you (unblock)")
        }
    }

    func unprovenSessions(_ component: String, _ spTsm: String) async throws(SEIError) -> Int {
        try await read { db in try UnprovenTable.count(component: component, spTsm: spTsm, db) }
    }

    /// Plans the sessions, and has the vault make the keys and wrap what can be wrapped now: all of it in one batch, so that nothing is left
    /// of a dialog that will not be.
    private func prepared(_ request: SEI.DialogRequest, _ component: Component, _ contract: Contract, _ domains: [AID: SecurityDomainRecord],
                          counter: UInt32?) async throws(SEIError) -> DialogRecord {
        let id = environment.uuid()
        let at = now()
        var record = DialogRecord(id: id, spTsm: contract.spTsm, componentId: component.id, process: request.process, status: .open, sessions: [],
                                  firstKeySets: [], keySetIds: [], failure: nil, createdAt: at, leaseUntil: at)
        record.renewLease(at: at, settings)
        var facts = SessionPlanner.Facts(component: component, firstKeySets: [:], deviceAppIds: deviceAppIds(domains, request))
        var steps: [VaultStep] = []
        var creations: [(aid: AID, step: Int)] = []
        for case .createSecurityDomain(let aid, _, let transportKeyIndex, let keyVersionNumber, _) in request.sessions.joined() {
            let made = VaultBatch.made(by: steps.count)
            creations.append((aid, steps.count))
            steps.append(.createKeySet(request: CreateKeySetRequest(
                origin: .random, purpose: .supplementarySecurityDomain, keyLength: component.keyLength, keyVersionNumber: keyVersionNumber,
                owner: try await transportKeyOwner(transportKeyIndex), label: "first keys of security domain \(aid) on \(component.id), dialog \(record.id)")))
            steps.append(.exportKeySet(id: made, request: ExportKeySetRequest(transportKeyIndex: transportKeyIndex)))
            if facts.firstKeySets[aid] == nil { facts.firstKeySets[aid] = SessionPlanner.FirstKeys(keySetId: made, keyVersionNumber: keyVersionNumber, keyCheckValues: []) }
        }
        let channels = steps.count
        for (index, operations) in request.sessions.enumerated() {
            var session = SessionRecord(operations: operations, plan: try SessionPlanner.plan(operations, facts))
            if let counter { session.counter = counter + 1 + UInt32(index) }
            if counter != nil || index == 0 { steps.append(.openChannel(request: try channelRequest(session, component, record.process))) }
            record.sessions.append(session)
        }
        let answers: [VaultStepAnswer]
        do {
            answers = try await vault.batch(VaultBatch(steps)).steps
        } catch {
            throw refusal(error, while: "make first keys and open channels")
        }
        do throws(SEIError) {
            for (aid, step) in creations {
                guard let keySet = answers[step].keySet, let wrapped = answers[step + 1].wrappedKeySet else { throw incomplete }
                record.keySetIds.append(DialogRecord.DomainKeySet(aid: aid, keySetId: keySet.id))
                record.firstKeySets.append(SEI.FirstKeySet(securityDomain: aid, keySet: wrapped))
                if facts.firstKeySets[aid]?.keySetId == VaultBatch.made(by: step) {
                    facts.firstKeySets[aid] = SessionPlanner.FirstKeys(keySetId: keySet.id, keyVersionNumber: wrapped.keyVersionNumber, keyCheckValues: wrapped.keyCheckValues)
                }
            }
            for index in record.sessions.indices {
                // The same plan, with the key sets that were made in the places of those that were to be.
                if !creations.isEmpty { record.sessions[index].plan = try SessionPlanner.plan(record.sessions[index].operations, facts) }
                guard channels + index < answers.count else { continue }
                guard let script = answers[channels + index].script else { throw incomplete }
                try record.sessions[index].send(script, component)
                record.sessions[index].isCounted = true
            }
            return record
        } catch {
            await takeBack(record)
            throw error
        }
    }

    private var incomplete: SEIError { SEIError(.internalError, "the key vault left out a part of what was asked for") }

    /// First keys belong to whoever holds the transport key: the vault exports them to nobody else.
    private func transportKeyOwner(_ index: String) async throws(SEIError) -> String {
        if let known = transportKeyOwners.withLock({ $0[index] }) { return known }
        let keys: [NamedKeyDescription]
        do {
            keys = try await vault.namedKeys()
        } catch {
            throw refusal(error, while: "list its transport keys")
        }
        guard let key = keys.first(where: { $0.index == index && $0.kind == .transport }) else {
            throw SEIError(.contractViolation, "transport key \(index) of your contract is not in the issuer's key vault yet; the issuer has to import it")
        }
        transportKeyOwners.withLock { $0[index] = key.owner }
        return key.owner
    }

    /// Apps that have the issuer's rule on a domain: from earlier dialogs and from this one.
    private func deviceAppIds(_ domains: [AID: SecurityDomainRecord], _ request: SEI.DialogRequest) -> [AID: [HexBytes]] {
        var apps = domains.mapValues(\.deviceAppIds)
        for case .createSecurityDomain(let aid, _, _, _, let deviceAppIds) in request.sessions.joined() {
            apps[aid] = (apps[aid] ?? []) + deviceAppIds.filter { !(apps[aid] ?? []).contains($0) }
        }
        return apps
    }

    /// Everything durable before a byte of it leaves.
    private func store(_ record: DialogRecord, _ component: Component, _ domains: [AID: SecurityDomainRecord], _ request: SEI.DialogRequest,
                       idempotencyKey: String, digest: [UInt8]) async throws(SEIError) {
        let at = now()
        let apps = deviceAppIds(domains, request)
        do throws(SEIError) {
            try await write { db in
                try UnprovenTable.add(max(1, record.sessions.count { $0.phase == .predicted }), component: component.id, spTsm: record.spTsm, db)
                try DialogTable.insert(record, idempotencyKey: idempotencyKey, digest: digest, db)
                for (index, session) in record.sessions.enumerated() {
                    for case .createSecurityDomain(let aid, _, _, _, _) in session.operations {
                        let domain = SecurityDomainRecord(componentId: component.id, aid: aid, spTsm: record.spTsm, state: .pending, deviceAppIds: apps[aid] ?? [])
                        try SecurityDomainTable.save(domain, at: at, db)
                    }
                    // Each key set with the session that stores it: until the ISD's counter is beyond it, that script can run.
                    for aid in session.operations.domainsGivenKeys(on: component) {
                        for made in record.keySetIds where made.aid == aid {
                            try SecurityDomainTable.insert(FirstKeySetRecord(keySetId: made.keySetId, componentId: component.id, aid: aid, dialogId: record.id,
                                                                             session: index, counter: session.counter, state: .pending), db)
                        }
                    }
                    if !session.commands.isEmpty { try Self.journal(script: index, of: record, at: at).insert(db) }
                }
            }
        } catch {
            await takeBack(record)
            throw error
        }
    }

    /// Undoes in the vault what was prepared for a dialog that will not be. What fails stays there as pending and is on no card.
    private func takeBack(_ record: DialogRecord) async {
        // The vault cannot know that a script which it wrapped went nowhere, so it asks for the step in between.
        let steps: [VaultStep] = record.sessions.compactMap(\.channelId).map { .closeChannel(id: $0) }
            + record.keySetIds.flatMap { made in
                [KeySetState.retired, .destroyed].map { .changeState(id: made.keySetId, request: ChangeKeySetStateRequest(state: $0)) }
            }
        if steps.isEmpty { return }
        do throws(KeyVaultError) {
            _ = try await vault.batch(VaultBatch(steps))
        } catch {
            logger.warning("keys that were never used stay in the key vault", metadata: ["dialog": "\(record.id)", "reason": "\(error.reason)"])
        }
    }

    /// Digest by which a repetition is told from another request.
    func digest(of request: some Encodable) throws(SEIError) -> [UInt8] {
        do {
            return try HashFunction.sha256.digest(of: Document.bytes(request))
        } catch {
            throw SEIError(.internalError, "the request cannot be digested")
        }
    }

    static func journal(script session: Int, of record: DialogRecord, at: Date) -> JournalRecord {
        let steps = record.sessions[session].steps.map { "\($0.first)+\($0.count) \($0.name)" }.joined(separator: "; ")
        return JournalRecord(at: at, componentId: record.componentId, spTsm: record.spTsm, subject: record.id, session: session, kind: .script,
                             apdus: record.sessions[session].commands, note: steps)
    }
}
