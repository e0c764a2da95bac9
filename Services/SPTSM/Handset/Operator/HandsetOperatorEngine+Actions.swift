import Foundation
import KeyVaultAPI
import ServiceKit
import TrustedServiceModel

/// What an operator may do. The deed and who did it are one transaction.
extension HandsetOperatorEngine {
    /// Ends a process that is stuck: category 6, and the next process on the instance reads first what its secure component really holds.
    ///
    /// - Throws: ``OperatorError`` `notFound`, `conflict` for one that has ended.
    public func endProcess(_ id: String, reason given: String, who: String) async throws -> HandsetOperatorAPI.ProcessDetail {
        let reason = try text(given, "reason")
        let ended = try await engine.endProcess(id, reason: reason, action: action(.endProcess, id, reason, who))
        guard ended != nil else { throw OperatorError(.notFound, "no process \(id)") }
        guard ended == true else { throw OperatorError(.conflict, "process \(id) has ended already") }
        return try await process(id)
    }

    public func quarantineInstance(_ id: String, message given: String, who: String) async throws -> HandsetOperatorAPI.InstanceDetail {
        guard try await engine.store.shownInstance(id) != nil else { throw OperatorError(.notFound, "no service instance \(id)") }
        try await quarantine(.instance, id, try text(given, "message"), .quarantineInstance, who)
        return try await instance(id)
    }

    public func quarantineComponent(_ id: String, message given: String, who: String) async throws -> HandsetOperatorAPI.ComponentDetail {
        guard try await engine.store.shownComponent(id) != nil else { throw OperatorError(.notFound, "no secure component \(id) has proven itself here") }
        try await quarantine(.component, id, try text(given, "message"), .quarantineComponent, who)
        return try await component(id)
    }

    public func liftInstance(_ id: String, who: String) async throws { try await lift(.instance, id, .liftInstance, who) }

    public func liftComponent(_ id: String, who: String) async throws { try await lift(.component, id, .liftComponent, who) }

    /// Lets authentications with a key set begin anew, after somebody has found out why they were not proven successful (design section 6).
    ///
    /// Recorded before the vault is asked: what it did must not be without a record.
    /// - Throws: ``OperatorError`` `notFound`, `conflict` where the vault does not let this plane, `unavailable`.
    public func releaseAuthentications(keySet id: String, reason given: String, who: String) async throws {
        let action = action(.releaseAuthentications, id, try text(given, "reason"), who)
        try await engine.store.store.write { try QuarantineTable.record(action, $0) }
        do throws(KeyVaultError) {
            try await release(id)
        } catch {
            engine.logger.warning("authentications were not released", metadata: ["keySet": "\(id)", "who": "\(who)", "error": "\(error)"])
            switch error.code {
            case .notFound: throw OperatorError(.notFound, "the key vault has no key set \(id)")
            case .forbidden: throw OperatorError(.conflict, "the key vault does not let this plane release authentications: give it the role authenticationReleaser, or release with the vault operator's certificate")
            case .unreachable, .sealed, .auditUnavailable: throw OperatorError(.unavailable, "the key vault cannot do it now: \(error.reason)")
            default: throw OperatorError(.conflict, error.reason)
            }
        }
        engine.logger.notice("authentications released", metadata: ["keySet": "\(id)", "who": "\(who)"])
    }

    private func quarantine(_ kind: QuarantineTable.Kind, _ id: String, _ message: String, _ what: HandsetOperatorAPI.Action.Kind, _ who: String) async throws {
        let action = action(what, id, message, who)
        try await engine.store.store.write { db in
            try QuarantineTable.set(kind, id, HandsetOperatorAPI.Quarantine(message: message, since: action.at, who: who), db)
            try QuarantineTable.record(action, db)
        }
    }

    private func lift(_ kind: QuarantineTable.Kind, _ id: String, _ what: HandsetOperatorAPI.Action.Kind, _ who: String) async throws {
        let action = action(what, id, "", who)
        let lifted = try await engine.store.store.write { db in
            guard try QuarantineTable.lift(kind, id, db) else { return false }
            try QuarantineTable.record(action, db)
            return true
        }
        guard lifted else { throw OperatorError(.notFound, "\(kind.rawValue) \(id) is not in quarantine") }
    }

    func action(_ kind: HandsetOperatorAPI.Action.Kind, _ subject: String, _ reason: String, _ who: String) -> HandsetOperatorAPI.Action {
        HandsetOperatorAPI.Action(at: WireDate.text(engine.environment.now()), who: who, kind: kind, subject: subject, reason: reason)
    }

    /// Callers get to read it, in messages that have room for 255 characters.
    private func text(_ text: String, _ name: String) throws(OperatorError) -> String {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard (1...150).contains(trimmed.unicodeScalars.count) else { throw OperatorError(.invalidRequest, "\(name): 1 to 150 characters are expected") }
        return trimmed
    }
}
