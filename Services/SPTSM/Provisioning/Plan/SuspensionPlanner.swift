import DeploymentDocument
import GlobalPlatform

/// Sessions of a suspendOrResumeService call (TR-03165 3.2, 4.2.5.5), with the service's own security domain alone: suspension asks nothing
/// of the issuer. Pure.
///
/// Cards refuse to lock what is locked and to unlock what is not (GP 11.10), so each application is moved only where it has to be.
public enum SuspensionPlanner {
    /// - Parameter locked: applications that are locked now.
    public static func sessions(document: DeploymentDocument, suspend: Bool, locked: [AID]) -> [PlannedSession] {
        let instances = document.applications.map(\.instanceAid)
        guard !instances.isEmpty else { return [] }
        let moves: [ProvisioningStep] = instances.filter { locked.contains($0) != suspend }.map { suspend ? .lock(instance: $0) : .unlock(instance: $0) }
        return [.securityDomain(.final, moves + instances.map { .proveLock($0, isLocked: suspend) })]
    }

    /// Where an earlier call may have come half way: which applications are locked is read first.
    public static func reading(document: DeploymentDocument) -> [PlannedSession] {
        let instances = document.applications.map(\.instanceAid)
        return instances.isEmpty ? [] : [.securityDomain(.final, instances.map { .readLock($0) })]
    }
}
