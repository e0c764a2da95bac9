import DeploymentDocument
import Foundation
import TrustedServiceModel

/// checkServiceDeploymentAvailable and checkServiceUpdateAvailable (TR-03165 4.2.5.7, 4.2.5.8): the catalogue is read, nothing changes on
/// a secure component. What a component can take is told for proven ones only.
extension HandsetEngine {
    static let deploymentCheck = "CheckServiceDeploymentAvailableRequest"
    static let updateCheck = "CheckServiceUpdateAvailableRequest"

    func startDeploymentCheck(_ dialog: inout DialogRecord, _ changes: inout DialogChanges, serviceId: String, version: String) async throws(TSMFailure) {
        try Identifiers.requireUUID(serviceId, "serviceId")
        let pattern = try VersionPattern(version, of: Self.deploymentCheck)
        let service = try await authorizedService(serviceId, dialog.caller)
        let profiles = Set(service.versions.filter { pattern.matches($0.tag) }.flatMap(\.flavorByProfile.keys))
        let stage = try await proofStage(dialog, try await candidates(dialog, profiles: profiles))
        if stage.candidates.isEmpty { try await exhausted(stage, &dialog, &changes) } else { try await askForProof(&dialog, stage) }
    }

    /// The newest Version that matches and that a proven component can take; of several components the first in the handset's own order.
    func endDeploymentCheck(_ stage: ProofStage, _ dialog: inout DialogRecord, _ changes: DialogChanges, serviceId: String, version: String) async throws(TSMFailure) {
        let pattern = try VersionPattern(version, of: Self.deploymentCheck)
        let service = try await authorizedService(serviceId, dialog.caller)
        let profiles = try await provenComponents(stage, dialog, changes).map(\.component.profileId)
        let document = try await newest(pattern, of: service, for: profiles, newer: nil)
        end(&dialog, with: .deploymentAvailable(document.map {
            ServiceDeploymentAvailableResult(deploymentAvailable: .deploymentAvailable, version: $0.versionTag, newTechnicalInformation: $0.technicalInformation)
        } ?? ServiceDeploymentAvailableResult()))
    }

    func startUpdateCheck(_ dialog: inout DialogRecord, instanceId: String, version: String) async throws(TSMFailure) {
        try Identifiers.requireUUID(instanceId, "serviceInstanceId")
        _ = try VersionPattern(version, attribute: "newVersion", of: Self.updateCheck)
        guard let instance = try await instance(instanceId, dialog.caller) else { throw TSMFailure(.notFound, "service instance \(instanceId) does not exist") }
        try authorize(instance.document.service, dialog.caller)
        guard let claim = try await claimedComponent(of: instance, dialog) else {
            throw TSMFailure(.secureComponentInaccessible, "the secure component that this service instance lives on is not in the handset, or this app may not read it")
        }
        guard let component = try await provenComponent(dialog, dialog.components[claim]), component.id == instance.componentId else {
            let issuer = String(instance.componentId.prefix { $0 != "/" })
            return try await askForProof(&dialog, ProofStage(candidates: [ProofStage.Candidate(component: claim, issuerId: issuer)], position: 0,
                                                             eligibilityId: "", commandCount: 0, proven: [], refusals: []))
        }
        try await endUpdateCheck(&dialog, instanceId: instanceId, version: version, component)
    }

    /// The newest Version that matches, is newer than the instance's and that its own component can take, whatever the instance's state.
    func endUpdateCheck(_ dialog: inout DialogRecord, instanceId: String, version: String, _ component: ComponentRecord) async throws(TSMFailure) {
        let pattern = try VersionPattern(version, attribute: "newVersion", of: Self.updateCheck)
        guard let instance = try await instance(instanceId, dialog.caller), instance.componentId == component.id else {
            throw TSMFailure(.secureComponentInaccessible, "the secure component in this handset is not the one that the service instance lives on")
        }
        try await catalogue.refresh()
        let service = try await catalogue.service(instance.serviceId)
        if let service {
            try authorize(service, dialog.caller)
        } else if try await !catalogue.isDeleted(service: instance.serviceId) {
            throw TSMFailure(.tsmNotAvailable, "the TSM's catalogue does not show service \(instance.serviceId), which it has no record of removing; try again later")
        }
        var document: DeploymentDocument?
        if let service { document = try await newest(pattern, of: service, for: [component.component.profileId], newer: VersionTag(instance.document.versionTag)) }
        end(&dialog, with: .updateAvailable(document.map {
            ServiceUpdateAvailableResult(updateAvailable: .updateAvailable, newVersion: $0.versionTag, newTechnicalInformation: $0.technicalInformation)
        } ?? ServiceUpdateAvailableResult()))
    }

    /// A handset without an eligible component is an answer, not an error (4.2.5.7); so is one that cannot take the update.
    func availability(_ purpose: DialogRecord.Purpose, failing failure: TSMFailure) -> HandsetAPI.Outcome {
        let isAnswer = failure.category == .noEligibleSecureComponent
        let status = isAnswer ? .noError : failure.category, message = isAnswer ? "" : failure.executionMessage
        return if case .checkUpdate = purpose {
            .updateAvailable(ServiceUpdateAvailableResult(executionStatus: status, executionMessage: message))
        } else {
            .deploymentAvailable(ServiceDeploymentAvailableResult(executionStatus: status, executionMessage: message))
        }
    }

    /// Candidates that this device key has proven lately need no second proof.
    func proofStage(_ dialog: DialogRecord, _ candidates: [ProofStage.Candidate]) async throws(TSMFailure) -> ProofStage {
        var proven: [String] = []
        var unproven: [ProofStage.Candidate] = []
        for candidate in candidates {
            if let component = try await provenComponent(dialog, dialog.components[candidate.component]) { proven.append(component.id) } else { unproven.append(candidate) }
        }
        return ProofStage(candidates: unproven, position: 0, eligibilityId: "", commandCount: 0, proven: proven, refusals: [])
    }

    /// In the handset's own order. What this step has proven is not stored yet.
    private func provenComponents(_ stage: ProofStage, _ dialog: DialogRecord, _ changes: DialogChanges) async throws(TSMFailure) -> [ComponentRecord] {
        var found: [ComponentRecord] = []
        for id in stage.proven {
            if let new = changes.components.first(where: { $0.id == id }) {
                found.append(new)
            } else if let stored = try await read({ try await self.store.component(id: id) }) {
                found.append(stored)
            }
        }
        let order = dialog.components.map { ComponentRecord.claimKey(iin: $0.iin, cin: $0.cin) }
        func place(_ component: ComponentRecord) -> Int { order.firstIndex(of: component.claimKey) ?? order.count }
        return found.sorted { place($0) < place($1) }
    }

    private func newest(_ pattern: VersionPattern, of service: ServiceDocument, for profiles: [String], newer: VersionTag?) async throws(TSMFailure) -> DeploymentDocument? {
        let deployable = service.versions.filter { version in profiles.contains { version.flavorByProfile[$0] != nil } }
        guard let tag = pattern.newest(of: deployable.map(\.tag), newer: newer), let version = deployable.first(where: { $0.tag == tag }),
              let profile = profiles.first(where: { version.flavorByProfile[$0] != nil }) else { return nil }
        return try await catalogue.document(service: service.id, version: tag, profile: profile)
    }
}

extension DeploymentDocument {
    var technicalInformation: TechnicalInformation {
        TechnicalInformation(spParameters: spParameters, serviceId: service.id, serviceVersionTag: versionTag, flavorId: flavorId, flavorName: flavorName,
                             profileId: profile.id)
    }
}
