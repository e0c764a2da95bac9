import DeploymentDocument
import GlobalPlatform

/// Reading a security domain's content under its own keys, before the plan of a process that follows an interrupted one. Pure.
///
/// The list of load files comes last: a card answers an empty one with an error, which ends the order. A domain's list of applications is never empty,
/// since it has the domain itself.
public enum RegistryReader {
    /// - Parameter upgrades: the card offers GP Amendment H, so it is asked for an open upgrade.
    public static func reading(upgrades: Bool) -> [PlannedSession] {
        [.securityDomain(.final, (upgrades ? [.readUpgrade] : []) + [.listApplications, .listLoadFiles])]
    }

    /// Only whether an upgrade is open, which keeps the issuer from deleting the domain.
    public static let upgradeStatus: [PlannedSession] = [.securityDomain(.final, [.readUpgrade])]

    /// Ends an open upgrade: with the load file that is wanted, where it can take the applications' data; else what waits is given up.
    ///
    /// - Parameters:
    ///   - wanted: nil: nothing of it is wanted any more.
    ///   - held: documents whose content may be on the card, the installed one first.
    /// - Returns: whether the data that waits is given up, and the session, which then reads the content again unless nothing is wanted.
    public static func endingUpgrade(_ reading: CardReading, wanted: DeploymentDocument?, held: [DeploymentDocument]) -> (givesUp: Bool, sessions: [PlannedSession]) {
        guard let wanted else { return (true, [.securityDomain(.final, [.abortUpgrade])]) }
        let steps = reading.openUpgrade.flatMap { continuation($0, reading, wanted, held) }
        return (steps == nil, [.securityDomain(.final, (steps ?? [.abortUpgrade]) + [.listApplications, .listLoadFiles])])
    }

    private static func continuation(_ upgrade: CardReading.OpenUpgrade, _ reading: CardReading, _ wanted: DeploymentDocument, _ held: [DeploymentDocument]) -> [ProvisioningStep]? {
        guard reading.isWhole, let file = wanted.loadFiles.first(where: { $0.packageAid == upgrade.loadFile }),
              ContentDifference.uses(file, in: wanted).allSatisfy({ reading.loadFile($0) != nil }) else { return nil }
        let modules = held.first?.applications.filter { $0.packageAid == file.packageAid }.map(\.moduleAid) ?? []
        guard Set(modules).isSubset(of: file.moduleAids) else { return nil }
        let load: [ProvisioningStep] = [.load(package: file.packageAid), .resumeUpgrade(package: file.packageAid)]
        switch upgrade.status {
        case 0x02: return load
        case 0x03: return reading.loadFile(file.packageAid)?.version == file.packageVersion ? [.resumeUpgrade(package: file.packageAid)] : nil
        // The same file would fail again.
        case 0x04: return held.dropFirst().contains { $0.loadFiles.contains { $0.sha256 == file.sha256 } } ? nil : [.recoverUpgrade] + load
        // A phase of the card's own that was interrupted: what it needs to go on is not known here.
        default: return nil
        }
    }
}
