import TrustedServiceModel

/// What an operator has closed stays closed until he opens it (design section 1: the operator's listener).
extension HandsetEngine {
    /// Asked when a process is about to begin, after the component has proven itself.
    /// - Throws: 13 for an instance that is in quarantine, or whose component is.
    func requireOpen(_ instance: InstanceRecord) async throws(TSMFailure) {
        let (own, component) = try await read {
            try await self.store.store.read { db in
                (try QuarantineTable.find(.instance, instance.id, db), try QuarantineTable.find(.component, instance.componentId, db))
            }
        }
        if let own { throw TSMFailure(.notAllowed, "the TSM's operator has closed service instance \(instance.id): \(own.message)") }
        if let component { throw TSMFailure(.notAllowed, "the TSM's operator has closed the secure component that service instance \(instance.id) lives on: \(component.message)") }
    }

    /// - Throws: 8 for a component that is in quarantine: nothing new is deployed to it.
    func requireOpen(component id: String) async throws(TSMFailure) {
        let quarantine = try await read { try await self.store.store.read { try QuarantineTable.find(.component, id, $0) } }
        if let quarantine { throw TSMFailure(.noEligibleSecureComponent, "the TSM's operator has closed it: \(quarantine.message)") }
    }
}
