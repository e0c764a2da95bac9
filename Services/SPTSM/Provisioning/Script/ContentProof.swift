import GlobalPlatform
import KeyVaultAPI
import TrustedServiceModel

/// Holds the verified answers of a session against what its steps promised: the last word before a state changes.
public enum ContentProof {
    /// Why a session whose commands all succeeded still does not prove its result.
    public static func objection(commandsPerEntry: [(step: ProvisioningStep, count: Int)], responses: [VerifiedResponse],
                                 finalKeyCheckValues: [HexBytes], finalKeyVersion: UInt8, requiresProof: Bool) -> String? {
        var at = 0
        for (step, count) in commandsPerEntry {
            guard at + count <= responses.count else { return "no answer to '\(step.name)'" }
            let answers = responses[at..<(at + count)]
            at += count
            if requiresProof, answers.contains(where: { !$0.proven }) { return "the answer to '\(step.name)' carries no response MAC" }
            guard let last = answers.last else { continue }
            switch step {
            case .rotateKeys:
                // PUT KEY answers version and check values of what it stored (GP 11.8.3.1).
                let expected = [finalKeyVersion] + finalKeyCheckValues.flatMap(\.bytes)
                if last.data.bytes != expected { return "the card reports other key check values than those of the keys that were put" }
            case .proveApplication(let instance, let state):
                guard let entry = entry(last.data.bytes), entry.aid == instance else { return "the card's registry does not show \(instance)" }
                // The application may have moved on within its own states; selectable and locked are what we asked for.
                let found = entry.lifeCycleState ?? 0
                if found & 0x87 != state & 0x87 { return "application \(instance) is in state \(Hex.encode([found])), expected \(Hex.encode([state]))" }
            case .proveLock(let instance, let isLocked):
                guard let entry = entry(last.data.bytes), entry.aid == instance else { return "the card's registry does not show \(instance)" }
                if ((entry.lifeCycleState ?? 0) & 0x80 != 0) != isLocked { return "application \(instance) is \(isLocked ? "not locked" : "still locked")" }
            case .readLock(let instance):
                guard entry(last.data.bytes)?.aid == instance else { return "the card's registry does not show \(instance)" }
            case .startUpgrade, .recoverUpgrade:
                if upgradeStatus(last.data.bytes)?.status != 0x02 { return "the card does not say that it waits for the new load file" }
            case .resumeUpgrade:
                if upgradeStatus(last.data.bytes)?.status != 0x01 { return "the new load file could not take the data of its applications" }
            case .abortUpgrade:
                if upgradeStatus(last.data.bytes)?.status != 0x00 { return "the card does not say that no upgrade is open" }
            case .proveLoadFile(let package):
                guard let entry = entry(last.data.bytes), entry.aid == package else { return "the card's registry does not show package \(package)" }
            default:
                continue
            }
        }
        return nil
    }

    /// Of the applications that the session has read, those that are locked; nil: it has read none.
    public static func lockedApplications(commandsPerEntry: [(step: ProvisioningStep, count: Int)], responses: [VerifiedResponse]) -> [AID]? {
        var at = 0
        var locked: [AID]?
        for (step, count) in commandsPerEntry {
            at += count
            guard case .readLock(let instance) = step, at <= responses.count, at > 0 else { continue }
            let isLocked = (entry(responses[at - 1].data.bytes)?.lifeCycleState ?? 0) & 0x80 != 0
            locked = (locked ?? []) + (isLocked ? [instance] : [])
        }
        return locked
    }

    private static func upgradeStatus(_ data: [UInt8]) -> ManageUpgradeResponse? { try? ManageUpgradeResponse(parsing: data) }

    private static func entry(_ data: [UInt8]) -> RegistryEntry? {
        guard let objects = try? TLV.parseAll(data), objects.count == 1, let object = objects.first else { return nil }
        return try? RegistryEntry(parsing: object)
    }
}
