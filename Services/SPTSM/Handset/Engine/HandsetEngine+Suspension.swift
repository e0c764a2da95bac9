import GlobalPlatform
import Provisioning
import TrustedServiceModel

/// suspendOrResumeService (TR-03165 4.2.5.5): the instance's own pinned copy is all it needs, so it works while the catalogue is away.
extension HandsetEngine {
    /// - Throws: 13 where the state does not permit it.
    func checkSuspension(_ suspend: Bool, _ instance: InstanceRecord) async throws(TSMFailure) {
        _ = try LifeCycleRules.transition(.suspendOrResume(suspensionControl: suspend), from: await situation(of: instance))
        // Which of two Versions the card holds after an update that was interrupted is not known, so neither is what to lock.
        guard instance.previousDocument == nil else {
            throw TSMFailure(.notAllowed, "the last update of this service instance was interrupted; update again, or terminate")
        }
        guard instance.content.finalKeySetId != nil || !needsCard(.suspend(instanceId: instance.id, suspensionControl: suspend), instance) else {
            throw TSMFailure(.notAllowed, "the TSM has no keys for this service instance; terminate it and deploy anew")
        }
    }

    func settleSuspension(_ suspend: Bool, _ instance: inout InstanceRecord) {
        instance.state = suspend ? .suspended : .operational
        instance.lastStableState = instance.state
        instance.lastOperation = suspend ? .suspension : .resumption
        instance.content.lockedInstances = nil
    }

    func suspensionSessions(_ suspend: Bool, _ instance: InstanceRecord) -> [PlannedSession] {
        let document = instance.document.content
        let locked = instance.content.lockedInstances ?? (instance.state == .suspended ? document.applications.map(\.instanceAid) : [])
        return SuspensionPlanner.sessions(document: document, suspend: suspend, locked: locked)
    }

    /// What has to be read of the card before the plan can be made; nil: nothing.
    func reconciliation(_ purpose: DialogRecord.Purpose, _ instance: InstanceRecord) -> [PlannedSession]? {
        if case .suspend = purpose {
            return instance.content.isKnown && instance.state.isDeployed ? nil : SuspensionPlanner.reading(document: instance.document.content)
        }
        let content = instance.content
        let hasKeys = content.finalKeySetId != nil && content.domainMayBeGone != true && content.suspectKeySets.isEmpty
        if let reading = content.reading, reading.openUpgrade != nil, hasKeys {
            let wanted = purpose.isUpdate && updatesInPlace(instance) ? instance.document.content : nil
            return RegistryReader.endingUpgrade(reading, wanted: wanted, held: instance.heldDocuments).sessions
        }
        if purpose.isUpdate, updatesInPlace(instance) {
            guard content.reading == nil, !content.isKnown || content.selectable == nil else { return nil }
            return RegistryReader.reading(upgrades: instance.document.profile.upgradesLoadFiles == true)
        }
        guard !content.isKnown else { return nil }
        // The issuer cannot delete a domain with an open upgrade.
        if content.upgradeMayBeOpen == true, content.reading == nil, hasKeys { return RegistryReader.upgradeStatus }
        return [.issuer([.status(aid: instance.heldDocuments[0].service.securityDomain)])]
    }

    /// What was read is known now: the process goes on with its plan.
    /// - Returns: the ISD's counter for the next session, where it can be predicted.
    func noteReading(_ run: RunState, _ instance: inout InstanceRecord) -> Int? {
        let counter = run.challenge == .predictable ? run.issuerCounter : nil
        if let locked = run.lockedInstances {
            instance.content.lockedInstances = locked
            instance.content.finalCounter = run.keys.finalCounter
            return counter
        }
        if run.readsContent {
            instance.content.finalCounter = run.keys.finalCounter
            if run.steps.contains(where: \.endsUpgrade) { instance.content.upgradeMayBeOpen = nil }
            instance.take(run.reading ?? CardReading(isWhole: false))
            return counter
        }
        // One element per reading; an empty one proves that there is no such domain.
        instance.content.holdsSecurityDomain = run.registry.contains { !$0.bytes.isEmpty }
        if !instance.content.holdsSecurityDomain, let id = instance.content.finalKeySetId {
            // Its keys went with it, although the order that deleted it was never proven.
            instance.content.suspectKeySets.append(id)
            instance.content.finalKeySetId = nil
        }
        return counter.map { $0 + 1 }
    }

    func situation(of instance: InstanceRecord) async -> LifeCycleSituation {
        var situation = LifeCycleSituation(state: instance.state, lastStableState: instance.lastStableState, lastOperation: instance.lastOperation,
                                           suspendOnCompletion: instance.suspendOnCompletion)
        // Only in InError an orphan is treated otherwise. A catalogue that is away has told of no deletion.
        if instance.state == .inError {
            // Reads the feed where it has no tombstone of the Service yet.
            let isServiceDeleted = (try? await catalogue.isDeleted(service: instance.serviceId)) ?? false
            let isFlavorDeleted = (try? await catalogue.isDeleted(flavor: instance.document.flavorId, of: instance.serviceId)) ?? false
            situation.isFlavorDeleted = isServiceDeleted || isFlavorDeleted
        }
        return situation
    }
}
