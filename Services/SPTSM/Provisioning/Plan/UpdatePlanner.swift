import DeploymentDocument
import GlobalPlatform
import SEIAPI
import TrustedServiceModel

/// Sessions of an updateService call that leaves the security domain and its keys as they are and replaces in it only what changed
/// (TR-03165 3.2.1.2, 4.2.5.4). Pure.
///
/// Access rules that are the same in both Versions stay; where none changes, the issuer is not asked at all. The issuer's session comes first: an app
/// that is new to the Service reaches the security domain only after it.
public enum UpdatePlanner {
    public struct Input: Sendable {
        /// Documents whose content may be on the card: the one installed last, then those of updates begun since.
        public var held: [DeploymentDocument]
        public var wanted: DeploymentDocument
        public var commands: [ServiceCommand.Kind]
        /// No further call completes the update: applications are all locked at its end, or none is.
        public var finalize: Bool
        public var lockAtEnd: Bool
        /// nil: the card holds what `held` says.
        public var reading: CardReading?
        /// Applications on the card that are selectable, that are locked, and those that were installed and perhaps not personalised.
        public var selectable: [AID]
        public var locked: [AID]
        public var unpersonalized: [AID]
        /// Those that were, or may have been, written.
        public var accessRules: [SEI.AccessRule]

        public init(held: [DeploymentDocument], wanted: DeploymentDocument, commands: [ServiceCommand.Kind], finalize: Bool = true, lockAtEnd: Bool = false,
                    reading: CardReading? = nil, selectable: [AID], locked: [AID] = [], unpersonalized: [AID] = [],
                    accessRules: [SEI.AccessRule] = []) {
            self.held = held
            self.wanted = wanted
            self.commands = commands
            self.finalize = finalize
            self.lockAtEnd = lockAtEnd
            self.reading = reading
            self.selectable = selectable
            self.locked = locked
            self.unpersonalized = unpersonalized
            self.accessRules = accessRules
        }

        public var difference: ContentDifference {
            ContentDifference(held: held, wanted: wanted, reading: reading, upgrades: wanted.profile.upgradesLoadFiles == true)
        }
    }

    /// The security domain has to be made anew: its name or the origin of its keys changed.
    public static func needsNewSecurityDomain(held: [DeploymentDocument], wanted: DeploymentDocument) -> Bool {
        held.contains { $0.service.securityDomain != wanted.service.securityDomain || $0.keyProvisioning != wanted.keyProvisioning }
    }

    public static func sessions(_ input: Input) throws(TSMFailure) -> [PlannedSession] {
        let rules = try accessRuleOperations(input)
        let steps = contentSteps(input)
        return (rules.isEmpty ? [] : [.issuer(rules)]) + (steps.isEmpty ? [] : [.securityDomain(.final, steps)])
    }

    /// An update that makes the security domain anew: a deployment's sessions, and the old components' access rules go with them.
    ///
    /// - Parameters:
    ///   - deployment: `DeploymentPlanner`'s sessions, with the old security domain removed first.
    ///   - rules: access rules that were, or may have been, written for the old components.
    public static func sessions(_ deployment: [PlannedSession], removing rules: [SEI.AccessRule]) -> [PlannedSession] {
        guard !rules.isEmpty, let first = deployment.firstIndex(where: \.isIssuer), case .issuer(let operations) = deployment[first] else { return deployment }
        var sessions = deployment
        sessions[first] = .issuer([.removeAccessRules(rules)] + operations)
        return sessions
    }

    // MARK: content

    private static func contentSteps(_ input: Input) -> [ProvisioningStep] {
        let difference = input.difference
        let kept = Set(difference.keptApplications)
        var selectable = Set(input.selectable).intersection(kept), locked = Set(input.locked).intersection(kept)
        var steps = installSteps(input, difference)
        for command in input.commands {
            switch command {
            case .install: continue
            case .personalize:
                let due = Set(difference.installedApplications + difference.emptiedApplications + input.unpersonalized)
                for application in input.wanted.applications where application.isPersonalized && due.contains(application.instanceAid) {
                    // A locked application takes no personalisation data.
                    if locked.remove(application.instanceAid) != nil { steps.append(.unlock(instance: application.instanceAid)) }
                    steps.append(.personalize(instance: application.instanceAid))
                }
            case .activate:
                for application in input.wanted.applications where application.makeSelectable && selectable.insert(application.instanceAid).inserted {
                    if locked.remove(application.instanceAid) != nil { steps.append(.unlock(instance: application.instanceAid)) }
                    steps.append(.makeSelectable(instance: application.instanceAid))
                }
            }
        }
        let instances = input.wanted.applications.map(\.instanceAid)
        if input.lockAtEnd {
            steps += instances.filter { !locked.contains($0) }.map { .lock(instance: $0) }
            locked = Set(instances)
        } else if input.finalize {
            steps += instances.filter { locked.contains($0) }.map { .unlock(instance: $0) }
            locked = []
        }
        // All of it is proven, what stayed as well: the Version is on the card from here on, whatever was done for it.
        steps += instances.map { .proveApplication($0, state: (selectable.contains($0) ? 0x07 : 0x03) | (locked.contains($0) ? 0x80 : 0)) }
        if instances.isEmpty { steps += input.wanted.loadFiles.map { .proveLoadFile($0.packageAid) } }
        return steps
    }

    private static func installSteps(_ input: Input, _ difference: ContentDifference) -> [ProvisioningStep] {
        var steps: [ProvisioningStep] = difference.deletedApplications.map { .deleteInstance($0) } + difference.deletedLoadFiles.map { .deleteLoadFile($0) }
        for file in input.wanted.loadFiles.map(\.packageAid) {
            switch difference.changes[file] {
            case .upgraded: steps += [.startUpgrade(package: file), .load(package: file), .resumeUpgrade(package: file)]
            case .loaded: steps.append(.load(package: file))
            case .kept, .present, nil: continue
            }
        }
        return steps + difference.installedApplications.map { .install(instance: $0) }
    }

    // MARK: access rules

    private static func accessRuleOperations(_ input: Input) throws(TSMFailure) -> [SEI.Operation] {
        let wanted = try DeploymentPlanner.accessRules(input.wanted)
        let domain = input.wanted.service.securityDomain
        var removed = input.accessRules.filter { $0.aid != domain && !wanted.contains($0) }
        var added = input.commands.contains(.activate) ? wanted.filter { !input.accessRules.contains($0) } : []
        // The issuer lets the apps reach the domain when it makes it; what changed since is told here.
        let apps = try DeploymentPlanner.deviceApps(input.wanted)
        var before: [[HexBytes]] = []
        for document in input.held { before.append(try DeploymentPlanner.deviceApps(document)) }
        func rule(_ app: HexBytes) -> SEI.AccessRule { SEI.AccessRule(aid: domain, deviceAppId: app, apdu: true, nfc: false) }
        added += apps.filter { app in !before.allSatisfy { $0.contains(app) } }.map(rule)
        var gone: [HexBytes] = []
        for app in before.joined() where !apps.contains(app) && !gone.contains(app) { gone.append(app) }
        removed += gone.map(rule)
        return (removed.isEmpty ? [] : [.removeAccessRules(removed)]) + (added.isEmpty ? [] : [.addAccessRules(added)])
    }
}
