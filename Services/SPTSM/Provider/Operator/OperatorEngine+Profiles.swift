import Foundation
import GRDB
import ServiceKit
import TrustedServiceModel

/// `notices:` of the provider plane.
public struct NoticeSettings: Sendable, Hashable, Decodable {
    /// Least number of days between the notice of a profile's removal and the removal.
    public var profileRemovalDays: Int

    public init(profileRemovalDays: Int = 30) { self.profileRemovalDays = profileRemovalDays }

    private enum CodingKeys: String, CodingKey { case profileRemovalDays }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        profileRemovalDays = try keys.decode(Int.self, forKey: .profileRemovalDays)
        guard (1...3650).contains(profileRemovalDays) else {
            throw DecodingError.dataCorruptedError(forKey: .profileRemovalDays, in: keys, debugDescription: "a number of days from 1 to 3650 is expected")
        }
    }
}

/// SecureComponentProfiles (TR-03165 3.3.1.2): no two that say the same, and none goes unannounced.
extension OperatorEngine {
    public func createProfile(_ new: OperatorAPI.NewProfile) async throws -> OperatorAPI.NewProfile {
        var made = new
        if made.profile.id.isEmpty { made.profile.id = environment.uuid() }
        try OperatorChecks.check(made.profile)
        let entry = ProfileTable.Entry(issuerId: made.issuerId, profile: made.profile)
        let notice = notice(.profileAdded, of: made.profile, effective: now, message: "")
        return try await change { [made] db, changes in
            guard try IssuerTable.exists(entry.issuerId, db) else { throw OperatorError(.notFound, "no issuer \(entry.issuerId)") }
            guard try ProfileTable.find(entry.profile.id, db) == nil else { throw OperatorError(.conflict, "a profile \(entry.profile.id) exists already") }
            if let twin = try Self.twin(of: entry, db) {
                throw OperatorError(.conflict, "the profile \(twin.profile.name) (\(twin.profile.id)) says the same of its components; two profiles may not differ by ID alone")
            }
            try ProfileTable.insert(entry, db)
            try NoticeTable.insert(notice, db)
            changes.settingsChanged()
            return made
        }
    }

    public func profiles() async throws -> [OperatorAPI.ProfileRecord] {
        try await store.scan { try ProfileTable.all($0).map { OperatorAPI.ProfileRecord(issuerId: $0.issuerId, profile: $0.profile, removal: $0.removal) } }
    }

    public func profile(_ id: String) async throws -> OperatorAPI.ProfileRecord {
        try await store.read { db in
            let entry = try Self.existingProfile(id, db)
            return OperatorAPI.ProfileRecord(issuerId: entry.issuerId, profile: entry.profile, removal: entry.removal)
        }
    }

    /// Announces that a profile will go; again changes date and words, and is announced anew.
    public func planRemoval(of id: String, _ plan: OperatorAPI.PlannedRemoval) async throws -> OperatorAPI.ProfileRecord {
        guard let date = WireDate.date(plan.effective) else { throw OperatorError(.invalidRequest, "effective: a time like 2026-03-01T09:30:00.000Z is expected") }
        let earliest = environment.now().addingTimeInterval(Double(notices.profileRemovalDays) * 86_400)
        if date < earliest {
            guard let reason = plan.override, !reason.isEmpty else {
                throw OperatorError(.conflict, "effective: \(notices.profileRemovalDays) days of notice are due, so not before \(WireDate.text(earliest)); a reason in override goes around this and is logged")
            }
            logger.notice("the notice period of a profile's removal is shortened", metadata: ["profile": "\(id)", "effective": "\(plan.effective)", "reason": "\(reason)"])
        }
        let plan = OperatorAPI.PlannedRemoval(effective: WireDate.text(date), message: plan.message, override: plan.override)
        return try await change { db, changes in
            var entry = try Self.existingProfile(id, db)
            entry.removal = plan
            try ProfileTable.update(entry, db)
            try NoticeTable.insert(notice(.profileRemovalPlanned, of: entry.profile, effective: plan.effective, message: plan.message ?? ""), db)
            return OperatorAPI.ProfileRecord(issuerId: entry.issuerId, profile: entry.profile, removal: plan)
        }
    }

    public func withdrawRemoval(of id: String) async throws {
        let now = now
        try await change { db, _ in
            var entry = try Self.existingProfile(id, db)
            guard entry.removal != nil else { throw OperatorError(.conflict, "no removal of \(entry.profile.name) is planned") }
            entry.removal = nil
            try ProfileTable.update(entry, db)
            try NoticeTable.insert(notice(.profileRemovalWithdrawn, of: entry.profile, effective: now, message: ""), db)
        }
    }

    /// Once the announced time has come. Versions lose the profile; instances on its components stay what they are.
    public func removeProfile(_ id: String) async throws {
        let now = now
        try await change { db, changes in
            let entry = try Self.existingProfile(id, db)
            guard let plan = entry.removal else { throw OperatorError(.conflict, "the removal of \(entry.profile.name) was not announced; plan it first") }
            // Both are texts of the same shape, so they sort as the times do.
            guard plan.effective <= now else { throw OperatorError(.conflict, "the removal of \(entry.profile.name) is announced for \(plan.effective)") }
            try NoticeTable.insert(notice(.profileRemoved, of: entry.profile, effective: now, message: plan.message ?? ""), db)
            for service in try VersionLinks.removeProfile(id, db) { changes.serviceChanged(service) }
            try ProfileTable.remove(id, db)
            changes.settingsChanged()
        }
    }

    public func noticeRecords() async throws -> [OperatorAPI.NoticeRecord] { try await store.scan { try NoticeTable.all($0) } }

    private func notice(_ kind: Notice.Kind, of profile: SecureComponentProfile, effective: String, message: String) -> Notice {
        Notice(id: environment.uuid(), kind: kind, profileId: profile.id, profileName: profile.name, created: now, effective: effective, message: message)
    }

    private static func existingProfile(_ id: String, _ db: Database) throws -> ProfileTable.Entry {
        guard let entry = try ProfileTable.find(id, db) else { throw OperatorError(.notFound, "no profile \(id)") }
        return entry
    }

    /// Of the same issuer none may say the same; of another issuer one may (its cards are others), under another name.
    private static func twin(of entry: ProfileTable.Entry, _ db: Database) throws -> ProfileTable.Entry? {
        let identity = ProfileIdentity(entry.profile)
        return try ProfileTable.all(db).first { other in
            ProfileIdentity(other.profile) == identity
                && (other.issuerId == entry.issuerId || ProfileIdentity.plain(other.profile.name) == ProfileIdentity.plain(entry.profile.name))
        }
    }
}
