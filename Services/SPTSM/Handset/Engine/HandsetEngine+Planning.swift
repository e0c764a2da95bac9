import DeploymentDocument
import GlobalPlatform
import Provisioning
import SEIAPI
import TrustedServiceModel

/// What a process needs before it can run: the plan, the component, the executor.
extension HandsetEngine {
    func sessions(_ purpose: DialogRecord.Purpose, _ instance: InstanceRecord, _ component: ComponentRecord, _ challenge: ChallengeKind) async throws(TSMFailure) -> [PlannedSession] {
        try PersonalizationPortions.split(try await wholeSessions(purpose, instance, component, challenge), of: instance.document.content)
    }

    private func wholeSessions(_ purpose: DialogRecord.Purpose, _ instance: InstanceRecord, _ component: ComponentRecord, _ challenge: ChallengeKind) async throws(TSMFailure) -> [PlannedSession] {
        switch purpose {
        case .update(_, _, let commands, let finalize) where updatesInPlace(instance):
            return try UpdatePlanner.sessions(update(instance, commands, finalize: finalize))
        case .deploy(_, let commands, let finalize), .update(_, _, let commands, let finalize):
            let issuer = try await issuers.descriptor(component.issuerId)
            let installs = commands.first?.kind == .install, suspends = suspends(commands, instance)
            let former = instance.heldDocuments.first?.service.securityDomain
            let sessions = try DeploymentPlanner.sessions(DeploymentPlanner.Input(
                document: instance.document.content, commands: commands.map(\.kind), lockAtEnd: finalize && suspends, challenge: challenge,
                removesRemainder: instance.content.holdsSecurityDomain && installs, formerSecurityDomain: former,
                transportKeyIndex: issuer.transportKeyIndex, firstKeys: component.component.firstKeys,
                selectable: installs ? [] : instance.content.selectable ?? [], locked: installs ? [] : instance.content.lockedInstances ?? [],
                unlockAtEnd: finalize && !suspends, unpersonalized: installs ? nil : instance.content.unpersonalized))
            return purpose.isUpdate ? UpdatePlanner.sessions(sessions, removing: instance.content.accessRules) : sessions
        case .suspend(_, let suspend):
            return suspensionSessions(suspend, instance)
        case .terminate:
            return TerminationPlanner.sessions(
                document: instance.document.content, ownKeysWork: instance.content.isKnown && instance.content.finalKeySetId != nil,
                holdsSecurityDomain: instance.content.holdsSecurityDomain, rules: instance.content.accessRules)
        case .create, .query, .checkDeployment, .checkUpdate:
            return []
        }
    }

    /// A finalize-only call that needs no lock, suspension of what is suspended, and termination of what was never deployed, are done without the card.
    func needsCard(_ purpose: DialogRecord.Purpose, _ instance: InstanceRecord) -> Bool {
        switch purpose {
        case .deploy(_, let commands, _): !commands.isEmpty || instance.suspendOnCompletion || !(instance.content.lockedInstances ?? []).isEmpty
        case .suspend(_, let suspend): !instance.content.isKnown || instance.state != (suspend ? .suspended : .operational)
        case .terminate: !instance.content.isKnown || instance.content.holdsSecurityDomain || !instance.content.accessRules.isEmpty
        case .create, .query, .update, .checkDeployment, .checkUpdate: true
        }
    }

    /// The flag of the last executed ActivateServiceCommand, in this call or before it.
    func suspends(_ commands: [ServiceCommand], _ instance: InstanceRecord) -> Bool {
        LifeCycleRules.suspendOnCompletion(after: commands, before: instance.suspendOnCompletion)
    }

    func currentService(of instance: InstanceRecord, _ caller: HandsetCaller) async throws(TSMFailure) -> ServiceDocument {
        try await catalogue.refresh()
        guard let service = try await catalogue.service(instance.serviceId) else {
            // The instance says that there was one; without a tombstone that is still so, whatever the provider plane answers now.
            guard try await catalogue.isDeleted(service: instance.serviceId) else {
                logger.error("the catalogue lacks a service that was never deleted", metadata: ["service": "\(instance.serviceId)"])
                throw TSMFailure(.tsmNotAvailable, "the TSM's catalogue does not show service \(instance.serviceId), which it has no record of removing; try again later, or give this to the TSM's operator")
            }
            throw instance.state == .notDeployed
                ? TSMFailure(.noEligibleSecureComponent, "service \(instance.serviceId) was removed by its service provider")
                : TSMFailure(.orphanedServiceInstance, "service \(instance.serviceId) was removed by its service provider; only suspend, resume and terminate are possible")
        }
        try authorize(service, caller)
        // Only what is on a card can be orphaned; one that was never deployed gets what the Version has now, if that is anything (3.2.3).
        if instance.state != .notDeployed, try await catalogue.isDeleted(flavor: instance.document.flavorId, of: service.id) {
            throw TSMFailure(.orphanedServiceInstance, "the Flavor '\(instance.document.flavorName)' that this service instance was deployed from was removed by its service provider; only suspend, resume and terminate are possible")
        }
        return service
    }

    /// Asked again before an order that installs (design section 1): what the service provider withdrew or changed meanwhile is not deployed.
    func requireUnchanged(_ purpose: DialogRecord.Purpose, _ instance: InstanceRecord) async throws(RunFailure) {
        guard purpose.installs else { return }
        do throws(TSMFailure) {
            try await catalogue.refresh()
            var now = try await catalogue.document(service: instance.serviceId, version: instance.document.versionTag, profile: instance.document.profile.id)
            now?.revision = instance.document.revision
            now?.service.revision = instance.document.service.revision
            guard now == instance.document.content else {
                throw TSMFailure(.noEligibleSecureComponent, "the service was changed or withdrawn while it was being deployed; start again")
            }
        } catch {
            throw RunFailure(error)
        }
    }

    /// The document as the instance keeps it from now on.
    func pin(_ document: DeploymentDocument, instead of: PinnedDocument? = nil) throws(TSMFailure) -> PinnedDocument {
        do {
            return try of?.replaced(by: document) ?? PinnedDocument(document)
        } catch {
            throw TSMFailure(.internalError, "the service's deployment document cannot be stored; give this to the TSM's operator")
        }
    }

    func requireNoOpenProcess(on instance: String) async throws(TSMFailure) {
        guard let open = try await read({ try await self.store.openDialog(instance: instance) }) else { return }
        if open.leaseExpires <= environment.now() {
            await gate.pass("dialog/\(open.id)") { await endIfExpired(open.id) }
            // A report that came first has renewed the lease.
            guard try await read({ try await self.store.openDialog(instance: instance) }) != nil else { return }
        }
        throw TSMFailure(.notAllowed, "process \(open.id) is running on this service instance")
    }

    /// Index of the handset's component that claims to be the one the instance lives on.
    func claimedComponent(of instance: InstanceRecord, _ dialog: DialogRecord) async throws(TSMFailure) -> Int? {
        guard let component = try await read({ try await self.store.component(id: instance.componentId) }) else { return nil }
        return dialog.components.firstIndex { ComponentRecord.claimKey(iin: $0.iin, cin: $0.cin) == component.claimKey }
    }

    func executor(_ dialog: DialogRecord, _ instance: InstanceRecord, _ component: ComponentRecord) async throws(RunFailure) -> RunExecutor {
        do throws(TSMFailure) {
            return RunExecutor(vault: vault, issuer: try await issuers.client(component.issuerId), catalogue: catalogue,
                               context: RunExecutor.Context(process: dialog.id, document: instance.document.content, component: component.component),
                               logger: logger, provided: { () async throws(RunFailure) in try await self.providedData(dialog) })
        } catch {
            throw RunFailure(error)
        }
    }

    func secureElement(_ dialog: DialogRecord, _ component: ComponentRecord) -> SERAM.SecureElement {
        dialog.components.first { ComponentRecord.claimKey(iin: $0.iin, cin: $0.cin) == component.claimKey }?.secureElement
            ?? SERAM.SecureElement(seType: .undefined, seId: component.component.id)
    }

    private static func operation(_ commands: [ServiceCommand], _ finalize: Bool) -> ServiceOperation {
        finalize ? .deploymentFinalize : commands.last.map { DeploymentRules.operation($0.kind) } ?? .deploymentFinalize
    }

    func operation(_ purpose: DialogRecord.Purpose) -> ServiceOperation {
        switch purpose {
        case .deploy(_, let commands, let finalize): Self.operation(commands, finalize)
        case .update(_, _, let commands, let finalize): UpdateRules.operation(Self.operation(commands, finalize))
        case .suspend(_, let suspend): suspend ? .suspension : .resumption
        case .terminate: .termination
        case .create, .query, .checkDeployment, .checkUpdate: .noOperation
        }
    }
}
