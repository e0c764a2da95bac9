import DeploymentDocument
import Foundation
import GlobalPlatform
import Provisioning
import SEIAPI
import TrustedServiceModel

/// From a request to its first order, from a report to the next order or the result.
extension HandsetEngine {
    func start(_ dialog: inout DialogRecord, _ changes: inout DialogChanges) async throws(TSMFailure) {
        switch dialog.purpose {
        case .create(let serviceId, let version):
            try await startCreation(&dialog, &changes, serviceId: serviceId, version: version)

        case .query(let serviceId):
            try Identifiers.requireUUID(serviceId, "serviceId")
            let service = try await authorizedService(serviceId, dialog.caller)
            // Instances may be on components that no Version is made for any more.
            let all = try await candidates(dialog, profiles: Set(service.versions.flatMap(\.flavorByProfile.keys))).found
            try await askForProofs(&dialog, try await proofStage(dialog, all), &changes)

        case .checkDeployment(let serviceId, let version):
            try await startDeploymentCheck(&dialog, &changes, serviceId: serviceId, version: version)

        case .checkUpdate(let instanceId, let version):
            try await startUpdateCheck(&dialog, instanceId: instanceId, version: version)

        case .deploy, .update, .suspend, .terminate:
            try await startProcess(&dialog, &changes)
        }
    }

    func advance(_ dialog: inout DialogRecord, _ report: SERAM.Report, _ changes: inout DialogChanges) async {
        do throws(RunFailure) {
            switch dialog.stage {
            case .proving(let stage):
                do throws(TSMFailure) { try await takeProof(stage, report, &dialog, &changes) } catch { throw RunFailure(error) }
            case .running(let run):
                try await takeRun(run, report, &dialog, &changes)
            case .ended:
                throw RunFailure(.internalError, "the process has ended")
            }
        } catch {
            await fail(&dialog, error, &changes)
        }
    }

    /// The proof of the one component that the dialog is about.
    func satisfied(by proven: ComponentRecord, _ dialog: inout DialogRecord, _ changes: inout DialogChanges) async throws(TSMFailure) {
        switch dialog.purpose {
        case .create, .query, .checkDeployment:
            throw TSMFailure(.internalError, "the dialog waits for more than one proof")
        case .checkUpdate(let instanceId, let version):
            try await endUpdateCheck(&dialog, instanceId: instanceId, version: version, proven)
        case .deploy(let id, _, _), .update(let id, _, _, _), .suspend(let id, _), .terminate(let id):
            guard let instance = try await instance(id, dialog.caller), instance.componentId == proven.id else {
                throw TSMFailure(.secureComponentInaccessible, "the secure component in this handset is not the one that the service instance lives on")
            }
            let service = try await authorizedService(of: instance, dialog)
            // The INITIALIZE UPDATE of the proof has spent one counter; the issuer has proven which.
            let counter = proven.component.sequenceCounter.flatMap { SequenceCounter(bytes: $0.bytes) }.map { Int($0.value) }
            try await startProven(&dialog, &changes, instance: instance, component: proven, service: service, issuerCounter: counter)
        }
    }

    /// Every component has been asked: what is proven decides.
    func judge(_ stage: ProofStage, _ dialog: inout DialogRecord, _ changes: inout DialogChanges) async throws(TSMFailure) {
        switch dialog.purpose {
        case .create(let serviceId, let version):
            try await endCreation(stage, &dialog, &changes, serviceId: serviceId, version: version)
        case .checkDeployment(let serviceId, let version):
            try await endDeploymentCheck(stage, &dialog, changes, serviceId: serviceId, version: version)
        case .query(let serviceId):
            // A list that is empty because nothing could be proven would be a wrong answer.
            guard !stage.proven.isEmpty || stage.refusals.isEmpty else { throw EligibilityOutcome.failure(stage.refusals, inaccessible: dialog.inaccessible ?? []) }
            let found = try await instances(service: serviceId, dialog.caller, stage.proven.map(\.id))
            end(&dialog, with: .instances(GetServiceInstancesResult(serviceInstances: found.map(\.serviceInstance))))
        case .deploy, .update, .suspend, .terminate, .checkUpdate:
            throw TSMFailure(.internalError, "the dialog waits for the proof of one component")
        }
    }

    // MARK: look-ups

    /// The Service, if it is the caller's own and lets the caller's app in. A foreign one answers as if it did not exist.
    func authorizedService(_ id: String, _ caller: HandsetCaller) async throws(TSMFailure) -> ServiceDocument {
        try await catalogue.refresh()
        guard let service = try await catalogue.service(id), service.serviceProviderId == caller.serviceProviderId else {
            throw TSMFailure(.notFound, "service \(id) does not exist")
        }
        try authorize(service, caller)
        return service
    }

    /// Lets the caller's app in: to a deployment by the Service as it is now, which is the answer; to anything else by the instance's pinned copy.
    func authorizedService(of instance: InstanceRecord, _ dialog: DialogRecord) async throws(TSMFailure) -> ServiceDocument? {
        if dialog.purpose.deployment != nil { return try await currentService(of: instance, dialog.caller) }
        try authorize(instance.document.service, dialog.caller)
        return nil
    }

    func authorize(_ service: ServiceDocument, _ caller: HandsetCaller) throws(TSMFailure) {
        guard service.accessAuthorizedDeviceApps.contains(where: { $0.lowercased() == caller.deviceAppId.lowercased() }) else {
            throw TSMFailure(.unauthorized, "this app is not authorized for service \(service.id); the service provider has to add it to accessAuthorizedDeviceApps")
        }
    }

    func provenComponent(_ dialog: DialogRecord, _ claim: HandsetAPI.Component) async throws(TSMFailure) -> ComponentRecord? {
        try await read { try await self.store.provenComponent(claimKey: ComponentRecord.claimKey(iin: claim.iin, cin: claim.cin),
                                                              deviceKey: dialog.caller.deviceKeyThumbprint, now: self.environment.now()) }
    }

    func instance(_ id: String, _ caller: HandsetCaller) async throws(TSMFailure) -> InstanceRecord? {
        try await read { try await self.store.instance(id: id, owner: caller.serviceProviderId) }
    }

    func instances(service: String, _ caller: HandsetCaller, _ components: [String]) async throws(TSMFailure) -> [InstanceRecord] {
        try await read { try await self.store.instances(service: service, owner: caller.serviceProviderId, components: components) }
    }

    func read<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws(TSMFailure) -> Value {
        do {
            return try await body()
        } catch {
            logger.error("the store cannot be read", metadata: ["error": "\(error)"])
            throw TSMFailure(.internalError, "the TSM cannot read its store; try again later")
        }
    }
}
