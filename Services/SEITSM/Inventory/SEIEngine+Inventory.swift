import Foundation
import GRDB
import KeyVaultAPI
import SEIAPI

extension SEIEngine {
    /// Adds components; all or none. Entries that are there already with the same data are left as they are.
    /// - Throws: `invalidRequest` for a malformed entry, or one that is there with other data.
    public func addComponents(_ entries: [InventoryEntry]) async throws(SEIError) -> InventoryAdded {
        guard entries.count <= 10_000 else { throw SEIError(.invalidRequest, "at most 10000 components in one request") }
        var components: [Component] = []
        for entry in entries { components.append(try entry.component()) }
        let added = components
        return try await write { db in
            var answer = InventoryAdded(added: 0, unchanged: 0)
            for component in added {
                guard let present = try ComponentTable.find(component.id, db) else {
                    try ComponentTable.insert(component, db)
                    answer.added += 1
                    continue
                }
                guard present.describesSame(as: component) else {
                    throw SEIError(.invalidRequest, "component \(component.id) is in the inventory with other data; nothing of this request was stored")
                }
                answer.unchanged += 1
            }
            return answer
        }
    }

    /// A page of the inventory in the order of IDs.
    public func components(after: String?, limit: Int) async throws(SEIError) -> InventoryPage {
        guard (1...1000).contains(limit) else { throw SEIError(.invalidRequest, "limit is 1 to 1000") }
        let components = try await read { db in try ComponentTable.page(after: after, limit: limit, db) }
        return InventoryPage(components: components, next: components.count == limit ? components.last?.id : nil)
    }

    /// A blocked component stays known but gets no dialog; one under way may end. Released, it is so for SP TSMs whose sessions were not reported, too.
    public func setBlocked(_ blocked: Bool, component id: String) async throws(SEIError) -> Component {
        await turns.enter(id)
        defer { turns.leave(id) }
        return try await write { db in
            guard var component = try ComponentTable.find(id, db) else { throw SEIError(.notFound, "no component \(id) in the inventory") }
            component.blocked = blocked
            if !blocked { try UnprovenTable.release(component: id, db) }
            try ComponentTable.update(component, db)
            return component
        }
    }

    /// What was exchanged in a dialog or eligibility check, for the operator.
    public func journal(subject: String) async throws(SEIError) -> [JournalRecord] {
        try await read { db in try JournalRecord.of(subject: subject, db) }
    }

    func secureComponent(_ id: String, _ spTsm: String) async throws(SEIError) -> SEI.SecureComponent {
        try await provenComponent(id, spTsm).published
    }

    /// A component that this SP TSM may use and has seen prove itself.
    /// - Parameter since: how old the proof may be; nil: it is the component's data only that is asked for.
    /// - Throws: `unknownSecureComponent` for all others alike.
    func provenComponent(_ id: String, _ spTsm: String, since: Date? = nil) async throws(SEIError) -> Component {
        let profiles = try contract(of: spTsm).profiles
        let component = try await read { db -> Component? in
            guard let component = try ComponentTable.find(id, db), profiles.contains(component.profileId),
                  let proof = try ComponentTable.lastProof(component: id, spTsm: spTsm, db) else { return nil }
            guard since.map({ proof >= $0 }) ?? true else {
                throw SEIError(.unknownSecureComponent, "secure component \(id) has not proven itself to you for too long; begin with an eligibility check")
            }
            return component
        }
        guard let component else { throw SEIError(.unknownSecureComponent, "no secure component \(id) has proven itself to you; begin with an eligibility check") }
        return component
    }

    /// The transport keys of the caller's contract; only what a check value tells of them.
    func transportKeys(_ spTsm: String) async throws(SEIError) -> [NamedKeyDescription] {
        let contract = try contract(of: spTsm)
        let keys: [NamedKeyDescription]
        do {
            keys = try await vault.namedKeys()
        } catch {
            throw refusal(error, while: "list its transport keys")
        }
        return keys.filter { $0.kind == .transport && contract.transportKeys.contains($0.index) }
    }
}
