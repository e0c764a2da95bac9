import Foundation
import KeyVaultAPI
import ServiceKit
import TrustedServiceModel

/// What an operator may see and do of what runs in the handset plane. Each method throws ``OperatorError`` for what cannot be; what it changes is durable,
/// with who did it, when it returns.
public struct HandsetOperatorEngine: Sendable {
    /// Lets a key set's authentications begin anew, in the key vault.
    public typealias AuthenticationRelease = @Sendable (_ keySet: String) async throws(KeyVaultError) -> Void

    let engine: HandsetEngine
    let release: AuthenticationRelease

    public init(engine: HandsetEngine, release: @escaping AuthenticationRelease) {
        self.engine = engine
        self.release = release
    }

    private var store: HandsetStore { engine.store }

    // MARK: looking

    /// - Parameter parameters: `state`, `serviceProvider`, `service`, `instance`, `component`, `after`, `limit`.
    public func processes(_ parameters: [(String, String)]) async throws -> HandsetOperatorAPI.Page<HandsetOperatorAPI.Process> {
        try await store.processes(try HandsetStore.processFilter(parameters))
    }

    public func process(_ id: String) async throws -> HandsetOperatorAPI.ProcessDetail {
        guard let found = try await store.process(id) else { throw OperatorError(.notFound, "no process \(id)") }
        return found
    }

    /// - Parameter parameters: `state`, `quarantined`, `serviceProvider`, `service`, `component`, `after`, `limit`.
    public func instances(_ parameters: [(String, String)]) async throws -> HandsetOperatorAPI.Page<HandsetOperatorAPI.Instance> {
        try await store.instances(try HandsetStore.instanceFilter(parameters))
    }

    /// With its key sets as the vault has them; where the vault does not say, without.
    public func instance(_ id: String) async throws -> HandsetOperatorAPI.InstanceDetail {
        guard let (record, shown) = try await store.shownInstance(id) else { throw OperatorError(.notFound, "no service instance \(id)") }
        var keySets: [HandsetOperatorAPI.KeySet] = []
        if let final = record.content.finalKeySetId { keySets.append(await keySet(final, .final)) }
        for suspect in record.content.suspectKeySets { keySets.append(await keySet(suspect, .suspect)) }
        let processes = try await store.processes(try HandsetStore.processFilter([("instance", id), ("limit", "20")]))
        return HandsetOperatorAPI.InstanceDetail(instance: shown, holdsSecurityDomain: record.content.holdsSecurityDomain, keySets: keySets, processes: processes.items)
    }

    private func keySet(_ id: String, _ part: HandsetOperatorAPI.KeySet.Part) async -> HandsetOperatorAPI.KeySet {
        do throws(KeyVaultError) {
            let description = try await engine.vault.keySet(id: id)
            return HandsetOperatorAPI.KeySet(id: id, part: part, state: description.state.rawValue, unprovenAuthentications: description.unprovenAuthentications)
        } catch {
            engine.logger.warning("a key set cannot be read", metadata: ["keySet": "\(id)", "error": "\(error)"])
            return HandsetOperatorAPI.KeySet(id: id, part: part, state: nil, unprovenAuthentications: nil)
        }
    }

    /// - Parameter parameters: `claim`, `quarantined`, `after`, `limit`.
    public func components(_ parameters: [(String, String)]) async throws -> HandsetOperatorAPI.Page<HandsetOperatorAPI.Component> {
        try await store.components(try HandsetStore.componentFilter(parameters))
    }

    public func component(_ id: String) async throws -> HandsetOperatorAPI.ComponentDetail {
        guard let found = try await store.shownComponent(id) else { throw OperatorError(.notFound, "no secure component \(id) has proven itself here") }
        let instances = try await store.instances(try HandsetStore.instanceFilter([("component", id), ("limit", String(OperatorFilter.maximumLimit))]))
        return HandsetOperatorAPI.ComponentDetail(component: found, instances: instances.items)
    }

    /// - Parameter parameters: `after`, `limit`.
    public func actions(_ parameters: [(String, String)]) async throws -> HandsetOperatorAPI.Page<HandsetOperatorAPI.Action> {
        let filter = try OperatorFilter(parameters, columns: [:])
        return try await store.store.scan { try QuarantineTable.actions(after: filter.after, limit: filter.limit, $0) }
    }
}
