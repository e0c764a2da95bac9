import Foundation
import GlobalPlatform
import GRDB
import KeyVaultAPI
import SEIAPI

/// Recording what a report proved, and going on from there.
extension SEIEngine {
    func component(of record: DialogRecord) async throws(SEIError) -> Component {
        guard let component = try await read({ db in try ComponentTable.find(record.componentId, db) }) else {
            throw SEIError(.internalError, "the dialog's component is gone from the inventory")
        }
        return component
    }

    /// First the verdict, durably; then the next session, if one is due. When the second part fails, the next contact makes up for it.
    func settle(_ record: inout DialogRecord, _ component: Component, _ outcomes: [VerifiedOutcome]) async throws(SEIError) -> SEI.Dialog {
        if record.status == .open && record.current == nil { record.status = .completed }
        let at = now()
        record.renewLease(at: at, settings)
        let settled = record
        let results = outcomes.map { ($0.session, $0.digest) }
        try await write { db in
            try DialogTable.update(settled, db)
            try DialogTable.save(settled.answer, dialog: settled.id, to: results, db)
            for outcome in outcomes { try Self.record(outcome, of: settled, component, at: at, db) }
        }
        // While the dialog goes on more will come to be told, and nothing of it is urgent.
        if record.status != .open { await tellVault() }
        guard record.needsScript else { return record.answer }
        return try await sendNext(&record, answering: results)
    }

    private static func record(_ outcome: VerifiedOutcome, of settled: DialogRecord, _ component: Component, at: Date, _ db: Database) throws {
        if outcome.isAuthenticationNew { try UnprovenTable.add(1, component: component.id, spTsm: settled.spTsm, db) }
        // As the key vault clears its own count; where the card signs no answers, what it says is all there is.
        if outcome.isAuthenticationProven || !component.secureChannel.hasResponseMAC && settled.sessions[outcome.session].status == .verified {
            try UnprovenTable.reset(component: component.id, spTsm: settled.spTsm, db)
        }
        try recordEffects(of: settled, outcome, component, at: at, db)
        for channel in outcome.closing { try ChannelTaskTable.insert(channel, db) }
        // A session that went on in the open channel has its script in this answer.
        if settled.sessions[outcome.session].phase != .idle { try journal(script: outcome.session, of: settled, at: at).insert(db) }
        if let follower = outcome.follower { try journal(script: follower, of: settled, at: at).insert(db) }
        if let note = outcome.note {
            try JournalRecord(at: at, componentId: settled.componentId, spTsm: settled.spTsm, subject: settled.id, session: outcome.session, kind: .outcome,
                              apdus: [], note: note).insert(db)
        }
    }

    /// Opens the session whose turn it is, and answers with its first commands.
    /// - Parameter results: those that the script answers; none: nothing came, so the lease stays as it is.
    func sendNext(_ record: inout DialogRecord, answering results: [(session: Int, digest: [UInt8])] = []) async throws(SEIError) -> SEI.Dialog {
        guard let current = record.current else { return record.answer }
        try await open(session: current, of: &record, try await component(of: record))
        let at = now()
        if !results.isEmpty { record.renewLease(at: at, settings) }
        let sent = record
        try await write { db in
            try DialogTable.update(sent, db)
            try Self.journal(script: current, of: sent, at: at).insert(db)
            try DialogTable.save(sent.answer, dialog: sent.id, to: results, db)
        }
        return record.answer
    }

    /// What the session is known to have done to the component, its domains and their keys.
    private static func recordEffects(of record: DialogRecord, _ outcome: VerifiedOutcome, _ component: Component, at: Date, _ db: Database) throws {
        let session = record.sessions[outcome.session]
        try ComponentTable.change(component.id, db) { component in
            if let counter = outcome.counter { component.sequenceCounter = counter }
            if session.status == .verified { component.contentKnown = true }
            if session.status == .failed { component.contentKnown = false }
        }
        let tried = session.operations.compactMap { operation -> AID? in
            guard case .createSecurityDomain(let aid, _, _, _, _) = operation else { return nil }
            return aid
        }
        for (aid, proven) in session.effects.deleted.map({ ($0, true) }) + session.effects.reportedAbsent.map({ ($0, false) }) {
            // Deleted and then made again in the same session: the card may hold the new one, whole or in part.
            if tried.contains(aid) { continue }
            if proven || !component.secureChannel.hasResponseMAC {
                try SecurityDomainTable.setState(.deleted, component: component.id, aid: aid, at: at, db)
            } else if try SecurityDomainTable.find(component: component.id, aid: aid, db)?.state == .live {
                // It may be there, and it may be made anew.
                try SecurityDomainTable.setState(.pending, component: component.id, aid: aid, at: at, db)
            }
            for keySet in try SecurityDomainTable.keySets(component: component.id, aid: aid, db) {
                if keySet.state == .destroyed || keySet.dialogId == record.id && keySet.session >= outcome.session { continue }
                try retire(keySet, proven: proven, counter: outcome.counter, db)
            }
        }
        guard session.status == .verified else { return }
        for aid in session.effects.made {
            try SecurityDomainTable.setState(.live, component: component.id, aid: aid, at: at, db)
            // What earlier attempts left: the domain that is there now holds none of it.
            for keySet in try SecurityDomainTable.keySets(component: component.id, aid: aid, db) where keySet.dialogId != record.id && keySet.state != .destroyed {
                try retire(keySet, proven: true, counter: outcome.counter, db)
            }
        }
        for aid in session.effects.keyed {
            for keySet in record.keySetIds where keySet.aid == aid { try SecurityDomainTable.change(keySet: keySet.keySetId, to: .live, db) }
        }
    }

    /// A key set is destroyed once its domain is proven to be gone and no script that stores it can run any more: the ISD's counter is
    /// beyond it. Otherwise it is kept as retired.
    private static func retire(_ keySet: FirstKeySetRecord, proven: Bool, counter: UInt32?, _ db: Database) throws {
        if keySet.state != .retired { try SecurityDomainTable.change(keySet: keySet.keySetId, to: .retired, db) }
        let canRun = keySet.counter.map { counter ?? 0 < $0 } ?? false
        if proven && !canRun { try SecurityDomainTable.change(keySet: keySet.keySetId, to: .destroyed, db) }
    }
}
