import DeploymentDocument
import GlobalPlatform
import Provisioning
import SEIAPI

/// What a run means for the record of the card's content. Pure.
extension InstanceRecord {
    /// An order is about to leave: until its report is verified, anything of it may be on the card.
    mutating func note(_ run: RunState) {
        content.isKnown = false
        for id in [run.keys.firstKeySetId, run.keys.finalKeySetId].compactMap({ $0 }) where id != content.finalKeySetId && !content.suspectKeySets.contains(id) {
            content.suspectKeySets.append(id)
        }
        if run.challenge == .predictable, let counter = run.issuerCounter {
            // The issuer's session that gives the domain its first keys: once it cannot run, nothing of the order with keys of ours can.
            let keying = run.sessions.firstIndex { $0.planned.keyedDomain != nil } ?? 0
            content.suspectCounter = max(content.suspectCounter ?? 0, counter + 1 + run.issuerIndex(of: keying))
        }
        for case .issuer(let operations) in run.sessions.map(\.planned) {
            for case .addAccessRules(let rules) in operations { content.accessRules += rules.filter { !content.accessRules.contains($0) } }
            for case .deleteSecurityDomain in operations { content.domainMayBeGone = true }
        }
        var empty: [AID] = []
        for step in run.steps {
            switch step {
            case .startUpgrade: content.upgradeMayBeOpen = true
            case .install(let instance): empty.append(instance)
            case .resumeUpgrade(let package): empty += emptied(byUpgradeOf: package)
            default: break
            }
        }
        content.unpersonalized = (content.unpersonalized ?? []) + empty.filter { content.unpersonalized?.contains($0) != true }
    }

    /// Every session of the run is verified: this is what the card holds now.
    /// - Parameter provesAnswers: the card signs its answers; else this is what was reported.
    mutating func settle(_ run: RunState, provesAnswers: Bool) {
        content.isReportedOnly = provesAnswers ? nil : true
        noteProvenCounter(run)
        content.reading = nil
        content.domainMayBeGone = nil
        content.upgradeMayBeOpen = nil
        for session in run.sessions {
            switch session.planned {
            case .issuer(let operations):
                for operation in operations { settle(operation) }
            case .securityDomain(_, let steps):
                for step in steps { settle(step) }
                guard steps.contains(.rotateKeys) else { continue }
                // The domain is new: what an earlier one held, found missing since, is on no card.
                if let old = content.finalKeySetId, old != run.keys.finalKeySetId { content.suspectKeySets.append(old) }
                content.finalKeySetId = run.keys.finalKeySetId
            }
        }
        if content.finalKeySetId == run.keys.finalKeySetId { content.finalCounter = run.keys.finalCounter }
        // The first keys were replaced or went with their domain, under R-MAC.
        content.suspectKeySets.removeAll { $0 == content.finalKeySetId || $0 == run.keys.firstKeySetId }
        // A session with our own domain proves nothing of an order that the issuer's domain could still run: its keys stay suspect.
        let reachedIssuer = run.sessions.contains { session in
            if case .issuer = session.planned { true } else { false }
        }
        content.isKnown = reachedIssuer || content.suspectKeySets.isEmpty
    }

    private mutating func settle(_ operation: SEI.Operation) {
        switch operation {
        case .createSecurityDomain:
            content.holdsSecurityDomain = true
            (content.selectable, content.unpersonalized, content.lockedInstances) = ([], [], nil)
        case .deleteSecurityDomain:
            (content.selectable, content.unpersonalized, content.lockedInstances) = ([], [], nil)
            content.holdsSecurityDomain = false
            if let id = content.finalKeySetId { content.suspectKeySets.append(id) }
            content.finalKeySetId = nil
        case .addAccessRules(let rules): content.accessRules += rules.filter { !content.accessRules.contains($0) }
        case .removeAccessRules(let rules): content.accessRules.removeAll { rules.contains($0) }
        case .putFirstKeys, .status: break
        }
    }

    private mutating func settle(_ step: ProvisioningStep) {
        switch step {
        case .install(let instance):
            content.forget(instance)
            content.unpersonalized?.append(instance)
        case .deleteInstance(let instance): content.forget(instance)
        case .personalize(let instance): content.unpersonalized?.removeAll { $0 == instance }
        case .makeSelectable(let instance): content.selectable?.append(instance)
        case .lock(let instance): content.lockedInstances?.append(instance)
        case .unlock(let instance): content.lockedInstances?.removeAll { $0 == instance }
        case .resumeUpgrade(let package):
            let known = content.unpersonalized ?? []
            content.unpersonalized = known + emptied(byUpgradeOf: package).filter { !known.contains($0) }
        default: break
        }
    }

    /// Applications that could not hand their data over are as if just installed.
    private func emptied(byUpgradeOf package: AID) -> [AID] {
        let files = [document.content, heldDocuments[0]].map { $0.loadFiles.first { $0.packageAid == package } }
        guard files.contains(where: { $0?.handsDataOver != true }) else { return [] }
        return document.applications.filter { $0.packageAid == package }.map(\.instanceAid)
    }

    /// Documents whose content may be on the card: the one that was installed whole, then those of updates that were begun since.
    var heldDocuments: [DeploymentDocument] { [previousDocument ?? document.content] + (attemptedDocuments ?? []) }

    /// What was read is known from now on.
    mutating func take(_ reading: CardReading) {
        content.reading = reading
        guard reading.isWhole else { return }
        content.selectable = reading.applications.filter(\.isSelectable).map(\.aid)
        content.lockedInstances = reading.applications.filter(\.isLocked).map(\.aid)
        content.unpersonalized = content.unpersonalized?.filter { reading.application($0) != nil }
    }

    /// Sessions verified under a predicted counter prove that the card has come so far.
    mutating func noteProvenCounter(_ run: RunState) {
        guard run.challenge == .predictable, let counter = run.issuerCounter else { return }
        let verified = run.sessions.count { session in
            if case .issuer = session.planned { session.status == .verified } else { false }
        }
        content.provenCounter = max(content.provenCounter ?? 0, counter + verified)
    }

    /// Key sets that no card holds any more, once the content is known. Where an order that names them could still be run, because
    /// it was made for a counter that the card has not reached, they are retired, not destroyed (design section 5).
    /// The same where the card proves nothing of what it holds.
    mutating func takeUselessKeySets(provesAnswers: Bool) -> [KeySetTask] {
        guard content.isKnown else { return [] }
        defer {
            content.suspectKeySets = []
            content.suspectCounter = nil
        }
        let spent = content.suspectCounter.map { $0 <= content.provenCounter ?? 0 } ?? true
        return content.suspectKeySets.map { KeySetTask(keySetId: $0, action: spent && provesAnswers ? .destroy : .retire) }
    }
}

extension InstanceRecord.CardContent {
    /// The application is no more, or another one under its AID.
    fileprivate mutating func forget(_ instance: AID) {
        selectable?.removeAll { $0 == instance }
        unpersonalized?.removeAll { $0 == instance }
        lockedInstances?.removeAll { $0 == instance }
    }
}

extension RunState {
    /// Of all sessions with our security domain.
    var steps: [ProvisioningStep] {
        sessions.flatMap { session -> [ProvisioningStep] in if case .securityDomain(_, let steps) = session.planned { steps } else { [] } }
    }

    /// It reads the content of the security domain under its own keys, or ends an upgrade there.
    var readsContent: Bool { purpose == .reconcile && steps.contains { [.readUpgrade, .listApplications, .abortUpgrade].contains($0) } }
}

extension ProvisioningStep {
    var endsUpgrade: Bool { if case .resumeUpgrade = self { true } else { self == .abortUpgrade } }
}
