import DeploymentDocument
import Provisioning
import TrustedServiceModel

/// updateService (TR-03165 4.2.5.4): the security domain is made anew with another Version's content. What one process began with
/// finalize false, deployService goes on with.
extension HandsetEngine {
    /// What can be said before anything is looked up.
    func checkUpdateArguments(_ version: String, _ commands: [ServiceCommand], finalize: Bool) throws(TSMFailure) {
        try DeploymentRules.checkArguments(commands.map(\.kind), finalize: finalize, of: "UpdateServiceRequest")
        _ = try VersionTag(concrete: version, attribute: "newVersion", of: "UpdateServiceRequest")
        try refuseUnknownData(commands)
    }

    /// Judges the call and pins the new Version's document. The old one is kept until the process has ended.
    func prepareUpdate(_ version: String, _ commands: [ServiceCommand], finalize: Bool, of service: ServiceDocument, _ instance: inout InstanceRecord) async throws(TSMFailure) {
        _ = try LifeCycleRules.transition(.update(commands, finalize: finalize), from: await situation(of: instance))
        // After an update that failed on the card no Version is installed.
        try UpdateRules.checkVersion(version, installed: instance.state == .inError ? nil : instance.document.versionTag, known: service.versions.map(\.tag))
        guard let document = try await catalogue.document(service: service.id, version: version, profile: instance.document.profile.id) else {
            throw TSMFailure(.noEligibleSecureComponent, "version \(version) has no published Flavor for this secure component")
        }
        if instance.previousDocument == nil { instance.previousDocument = instance.document.content }
        instance.document = try pin(document, instead: instance.document)
    }

    /// A process ended without a change on the card: what it pinned is not installed.
    func unpin(_ instance: inout InstanceRecord) throws(TSMFailure) {
        guard let previous = instance.previousDocument else { return }
        instance.document = try pin(previous, instead: instance.document)
        instance.previousDocument = nil
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
