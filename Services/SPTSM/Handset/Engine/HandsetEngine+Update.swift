import DeploymentDocument
import GlobalPlatform
import Provisioning
import TrustedServiceModel

/// updateService (TR-03165 4.2.5.4): what changed is replaced within the security domain; where that is not possible, the domain is made anew with the
/// new Version's content. What one process began with finalize false, deployService goes on with.
extension HandsetEngine {
    /// What can be said before anything is looked up.
    func checkUpdateArguments(_ version: String, _ commands: [ServiceCommand], finalize: Bool) throws(TSMFailure) {
        try DeploymentRules.checkArguments(commands.map(\.kind), finalize: finalize, of: "UpdateServiceRequest")
        _ = try VersionTag(concrete: version, attribute: "newVersion", of: "UpdateServiceRequest")
    }

    /// Judges the call and pins the new Version's document. The old one is kept until the process has ended.
    func prepareUpdate(_ version: String, _ commands: [ServiceCommand], finalize: Bool, of service: ServiceDocument, _ instance: inout InstanceRecord) async throws(TSMFailure) {
        _ = try LifeCycleRules.transition(.update(commands, finalize: finalize), from: await situation(of: instance))
        // After an update that failed on the card no Version is installed.
        try UpdateRules.checkVersion(version, installed: instance.state == .inError ? nil : instance.document.versionTag, known: service.versions.map(\.tag))
        guard let document = try await catalogue.document(service: service.id, version: version, profile: instance.document.profile.id) else {
            throw TSMFailure(.noEligibleSecureComponent, "version \(version) has no published Flavor for this secure component")
        }
        if instance.previousDocument == nil {
            instance.previousDocument = instance.document.content
        } else if instance.document.content != document {
            instance.attemptedDocuments = (instance.attemptedDocuments ?? []) + [instance.document.content]
        }
        if instance.content.lockedInstances == nil { instance.content.lockedInstances = instance.state == .suspended ? instance.document.applications.map(\.instanceAid) : [] }
        instance.document = try pin(document, instead: instance.document)
    }

    /// The security domain and its keys stay: they are on the card as far as is known, and the new Version wants no others.
    func updatesInPlace(_ instance: InstanceRecord) -> Bool {
        let content = instance.content
        guard content.finalKeySetId != nil, content.holdsSecurityDomain, content.reading?.isWhole != false,
              !UpdatePlanner.needsNewSecurityDomain(held: instance.heldDocuments, wanted: instance.document.content) else { return false }
        // An order that makes the domain anew may still have been run: then the issuer says what there is.
        return content.isKnown || content.suspectKeySets.isEmpty && content.domainMayBeGone != true
    }

    func update(_ instance: InstanceRecord, _ commands: [ServiceCommand], finalize: Bool) -> UpdatePlanner.Input {
        let content = instance.content
        return UpdatePlanner.Input(
            held: instance.heldDocuments, wanted: instance.document.content, commands: commands.map(\.kind), finalize: finalize,
            lockAtEnd: finalize && suspends(commands, instance), reading: content.reading,
            selectable: content.selectable ?? [], locked: content.lockedInstances ?? [], unpersonalized: content.unpersonalized ?? [], accessRules: content.accessRules)
    }

    /// What whoever reads the result of a successful update has to know of data that applications kept (TR-03165 3.2.1.2); empty: nothing.
    func remark(on purpose: DialogRecord.Purpose, _ instance: InstanceRecord) -> String {
        guard case .update(_, _, let commands, let finalize) = purpose, let installed = instance.previousDocument else { return "" }
        let before = installed.applications.map(\.instanceAid)
        func names(_ aids: [AID]) -> String { aids.map(\.description).joined(separator: ", ") }
        guard !UpdatePlanner.needsNewSecurityDomain(held: [installed], wanted: instance.document.content) else {
            return before.isEmpty ? "" : "The security domain was made anew: data that applications \(names(before)) kept is lost."
        }
        let difference = update(instance, commands, finalize: finalize).difference
        let renewed = difference.installedApplications.filter { before.contains($0) }
        var remarks: [String] = []
        if !renewed.isEmpty {
            let offers = instance.document.profile.upgradesLoadFiles == true ? "" : "; this secure component offers no upgrade of load files under their applications (GlobalPlatform Amendment H)"
            remarks.append("Applications \(names(renewed)) were made anew: data that they kept is lost\(offers).")
        }
        if !difference.emptiedApplications.isEmpty {
            remarks.append("Applications \(names(difference.emptiedApplications)) do not say that they hand their data over to their next load file (org.globalplatform.upgrade): it may be lost.")
        }
        return remarks.joined(separator: " ")
    }

    /// A process ended without a change on the card: what it pinned is not installed.
    func unpin(_ instance: inout InstanceRecord) throws(TSMFailure) {
        guard let previous = instance.previousDocument else { return }
        instance.document = try pin(previous, instead: instance.document)
        instance.previousDocument = nil
        instance.attemptedDocuments = nil
    }
}

extension DialogRecord.Purpose {
    /// What deployService and updateService put on the card.
    var deployment: (commands: [ServiceCommand], finalize: Bool)? {
        switch self {
        case .deploy(_, let commands, let finalize), .update(_, _, let commands, let finalize): (commands, finalize)
        default: nil
        }
    }

    var installs: Bool { deployment?.commands.first?.kind == .install }

    var isUpdate: Bool { if case .update = self { true } else { false } }
}
