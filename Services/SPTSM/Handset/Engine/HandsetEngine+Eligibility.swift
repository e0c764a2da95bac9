import DeploymentDocument
import GlobalPlatform
import Provisioning
import SEIAPI
import TrustedServiceModel

/// createServiceInstance, the eligibility check (TR-03165 3.3.1, 4.2.5.1): every component of the handset is looked at. An instance of the Service on
/// any that proved itself is one too many; of those that can take the Version one is chosen.
///
/// What cannot be proven now counts neither way: an instance on a component that this app may not read, or that its issuer does not answer for, is not
/// seen, as a component in another handset is not.
extension HandsetEngine {
    /// A component that can take the Version, with what it would get.
    struct EligibleComponent: Sendable {
        var record: ComponentRecord
        /// Index into the handshake's components.
        var claim: Int
        var document: DeploymentDocument
    }

    func startCreation(_ dialog: inout DialogRecord, _ changes: inout DialogChanges, serviceId: String, version: String) async throws(TSMFailure) {
        try Identifiers.requireUUID(serviceId, "serviceId")
        try Identifiers.requireConcreteVersion(version)
        let service = try await authorizedService(serviceId, dialog.caller)
        let summary = try summary(version, of: service)
        let candidates = try await candidates(dialog, profiles: Set(summary.flavorByProfile.keys))
        // Proven anew in every case: what a check before has found out is not relied on (3.3.2).
        try await askForProofs(&dialog, ProofStage(waiting: candidates.found, refusals: candidates.refusals), &changes)
    }

    /// Judged by the catalogue as it is now, not as it was before the proofs.
    func endCreation(_ stage: ProofStage, _ dialog: inout DialogRecord, _ changes: inout DialogChanges, serviceId: String, version: String) async throws(TSMFailure) {
        let service = try await authorizedService(serviceId, dialog.caller)
        let summary = try summary(version, of: service)
        let proven = try await provenComponents(stage, changes)
        if let existing = try await instances(service: serviceId, dialog.caller, proven.map(\.record.id)).first {
            let reader = proven.first { $0.record.id == existing.componentId }.map { dialog.components[$0.claim].reader } ?? existing.reader
            throw TSMFailure(.alreadyExists, "service instance \(existing.id) of service \(serviceId) exists on \(reader.prefix(64)), a secure component of this handset; use it or terminate it")
        }
        var refusals = stage.refusals
        let eligible = try await eligible(proven, for: summary, of: service, dialog, &refusals)
        guard let chosen = preferred(eligible, dialog) else {
            throw EligibilityOutcome.failure(refusals, inaccessible: dialog.inaccessible ?? [])
        }
        let instance = InstanceRecord(
            id: environment.uuid(), serviceProviderId: service.serviceProviderId, serviceId: serviceId, componentId: chosen.record.id,
            reader: dialog.components[chosen.claim].reader, state: .notDeployed, lastStableState: .notDeployed, lastOperation: .noOperation,
            suspendOnCompletion: false, document: try pin(chosen.document), content: InstanceRecord.CardContent(), created: environment.now())
        changes.instance = instance
        changes.savesInstance = true
        changes.handsetComponents = proven.map(\.record.id)
        end(&dialog, with: .created(CreateServiceInstanceResult(serviceInstance: instance.serviceInstance)))
    }

    /// Proven components that can take the Version; why the others cannot is added to the refusals.
    func eligible(_ proven: [(record: ComponentRecord, claim: Int)], for version: VersionSummary, of service: ServiceDocument, _ dialog: DialogRecord,
                  _ refusals: inout [EligibilityRefusal]) async throws(TSMFailure) -> [EligibleComponent] {
        var eligible: [EligibleComponent] = []
        for (record, claim) in proven {
            do throws(TSMFailure) {
                try await requireOpen(component: record.id)
                let profile = record.component.profileId
                guard version.flavorByProfile[profile] != nil, let document = try await catalogue.document(service: service.id, version: version.tag, profile: profile) else {
                    throw TSMFailure(.noEligibleSecureComponent, "version \(version.tag) has no published Flavor for its secure component profile")
                }
                try LoadCapacity.check(document.loadFiles, scpParameter: record.component.scpParameter)
                eligible.append(EligibleComponent(record: record, claim: claim, document: document))
            } catch {
                guard EligibilityOutcome.concernsOneComponent(error.category) else { throw error }
                refusals.append(EligibilityRefusal(reader: dialog.components[claim].reader, failure: error))
            }
        }
        return eligible
    }

    func preferred(_ eligible: [EligibleComponent], _ dialog: DialogRecord) -> EligibleComponent? {
        let ordered = ComponentChoice.ordered(eligible.map {
            ComponentChoice.Eligible(kind: dialog.components[$0.claim].secureElement.seType, profileId: $0.record.component.profileId, id: $0.record.id)
        })
        return ordered.first.flatMap { first in eligible.first { $0.record.id == first.id } }
    }

    /// What this step has proven is not stored yet.
    func provenComponents(_ stage: ProofStage, _ changes: DialogChanges) async throws(TSMFailure) -> [(record: ComponentRecord, claim: Int)] {
        var found: [(record: ComponentRecord, claim: Int)] = []
        for proven in stage.proven {
            if let new = changes.components.first(where: { $0.id == proven.id }) {
                found.append((new, proven.component))
            } else if let stored = try await read({ try await self.store.component(id: proven.id) }) {
                found.append((stored, proven.component))
            }
        }
        return found
    }

    private func summary(_ version: String, of service: ServiceDocument) throws(TSMFailure) -> VersionSummary {
        guard let summary = service.versions.first(where: { $0.tag == version }) else { throw TSMFailure(.notFound, "version \(version) of service \(service.id) does not exist") }
        return summary
    }
}
