import GlobalPlatform
import TrustedServiceModel

/// One thing done in the service's security domain, in words of GlobalPlatform. Pure data: the script makes APDUs of it.
public enum ProvisioningStep: Codable, Sendable, Hashable {
    /// PUT KEY: the final keys in place of those the issuer made.
    case rotateKeys
    /// INSTALL [for load] and LOAD.
    case load(package: AID)
    /// INSTALL [for install].
    case install(instance: AID)
    /// INSTALL [for personalization] and STORE DATA.
    case personalize(instance: AID)
    /// INSTALL [for make selectable].
    case makeSelectable(instance: AID)
    /// SET STATUS: suspension.
    case lock(instance: AID)
    /// SET STATUS: resumption.
    case unlock(instance: AID)
    case deleteInstance(AID)
    case deleteLoadFile(AID)
    /// MANAGE ELF UPGRADE (GP Amendment H): the load file and its applications leave the card, which keeps the applications' data.
    case startUpgrade(package: AID)
    /// After the new load file was loaded: its applications are there again, with their data.
    case resumeUpgrade(package: AID)
    /// After a new load file that could not take the applications: it leaves the card, another one can be loaded.
    case recoverUpgrade
    /// Ends an upgrade that was interrupted; the data that waited is lost.
    case abortUpgrade
    /// Which upgrade is open?
    case readUpgrade
    /// GET STATUS of all applications and of all load files of the security domain.
    case listApplications
    case listLoadFiles
    /// GET STATUS of exactly this application under R-MAC, which must be in the state named (GP 11.1.1).
    case proveApplication(AID, state: UInt8)
    /// GET STATUS of exactly this application under R-MAC, which must be locked, or must not be.
    case proveLock(AID, isLocked: Bool)
    /// GET STATUS of exactly this application under R-MAC: is it locked?
    case readLock(AID)
    /// GET STATUS of this load file under R-MAC.
    case proveLoadFile(AID)

    /// The ServiceCommand that this step belongs to; nil for steps that serve all of them.
    public var command: ServiceCommand.Kind? {
        switch self {
        case .load, .install, .startUpgrade, .resumeUpgrade: .install
        case .personalize: .personalize
        case .makeSelectable, .lock: .activate
        default: nil
        }
    }

    /// For people: logs, error messages, progress.
    public var name: String {
        switch self {
        case .rotateKeys: "rotate keys of the security domain"
        case .load(let package): "load package \(package)"
        case .install(let instance): "install application \(instance)"
        case .personalize(let instance): "personalize application \(instance)"
        case .makeSelectable(let instance): "make application \(instance) selectable"
        case .lock(let instance): "lock application \(instance)"
        case .unlock(let instance): "unlock application \(instance)"
        case .deleteInstance(let instance): "delete application \(instance)"
        case .deleteLoadFile(let package): "delete package \(package)"
        case .startUpgrade(let package): "begin the upgrade of package \(package)"
        case .resumeUpgrade(let package): "complete the upgrade of package \(package)"
        case .recoverUpgrade: "take back the load file of a failed upgrade"
        case .abortUpgrade: "end an interrupted upgrade"
        case .readUpgrade: "ask for an open upgrade"
        case .listApplications: "list applications"
        case .listLoadFiles: "list packages"
        case .proveApplication(let instance, _): "prove state of application \(instance)"
        case .proveLock(let instance, let isLocked): "prove that application \(instance) is \(isLocked ? "locked" : "not locked")"
        case .readLock(let instance): "read state of application \(instance)"
        case .proveLoadFile(let package): "prove presence of package \(package)"
        }
    }
}
