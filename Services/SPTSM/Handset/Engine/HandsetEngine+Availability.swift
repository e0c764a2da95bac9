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
        let candidates = try await candidates(dialog, profiles: profiles, onlyThese: true)
        try await askForProofs(&dialog, try await proofStage(dialog, candidates.found, refusals: candidates.refusals), &changes)
    }

    /// The newest Version that matches and that a proven component can take; of several components the one that createServiceInstance would choose.
    ///
    /// None is an answer only if every component was judged: where one could not be, the caller learns why (3.3.2: no false negatives).
    func endDeploymentCheck(_ stage: ProofStage, _ dialog: inout DialogRecord, _ changes: DialogChanges, serviceId: String, version: String) async throws(TSMFailure) {
        let pattern = try VersionPattern(version, of: Self.deploymentCheck)
        let service = try await authorizedService(serviceId, dialog.caller)
        let proven = try await provenComponents(stage, changes)
        var refusals = stage.refusals
        var result = ServiceDeploymentAvailableResult()
        if let document = try await newest(pattern, of: service, for: proven, newer: nil, dialog, &refusals) {
            result = ServiceDeploymentAvailableResult(deploymentAvailable: .deploymentAvailable, version: document.versionTag, newTechnicalInformation: document.technicalInformation)
        } else if refusals.contains(where: { $0.failure.category != .noEligibleSecureComponent }) {
            throw EligibilityOutcome.failure(refusals, inaccessible: dialog.inaccessible ?? [])
        }
        end(&dialog, with: .deploymentAvailable(result))
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
            return try await askForProof(&dialog, of: claim, issuer: issuer)
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
        var refusals: [EligibilityRefusal] = []
        if let service, let claim = try await claimedComponent(of: instance, dialog) {
            document = try await newest(pattern, of: service, for: [(component, claim)], newer: VersionTag(instance.document.versionTag), dialog, &refusals)
        }
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

    /// The newest Version that matches, is newer than `newer` and that one of the components can take.
    private func newest(_ pattern: VersionPattern, of service: ServiceDocument, for components: [(record: ComponentRecord, claim: Int)], newer: VersionTag?,
                        _ dialog: DialogRecord, _ refusals: inout [EligibilityRefusal]) async throws(TSMFailure) -> DeploymentDocument? {
        var left = service.versions
        while let tag = pattern.newest(of: left.map(\.tag), newer: newer), let version = left.first(where: { $0.tag == tag }) {
            if let chosen = preferred(try await eligible(components, for: version, of: service, dialog, &refusals), dialog) { return chosen.document }
            left.removeAll { $0.tag == tag }
        }
        return nil
    }
}

extension DeploymentDocument {
    var technicalInformation: TechnicalInformation {
        TechnicalInformation(spParameters: spParameters, serviceId: service.id, serviceVersionTag: versionTag, flavorId: flavorId, flavorName: flavorName,
                             profileId: profile.id)
    }
}
