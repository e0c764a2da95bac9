import DeploymentDocument
import GlobalPlatform
import KeyVaultAPI
import Personalization
import TrustedServiceModel

/// Plain commands of one session with the service's security domain, before the vault wraps them, each with its step.
public struct SecurityDomainScript: Sendable, Hashable {
    public struct Entry: Sendable, Hashable {
        public var step: ProvisioningStep
        public var command: ChannelCommand
        /// Of steps that personalise.
        public var personalization: PersonalizationEntry?
    }

    public var entries: [Entry]
    public var commands: [ChannelCommand] { entries.map(\.command) }

    /// What the commands need besides the document.
    public struct Material: Sendable {
        /// Load file data block by package.
        public var loadFileDataBlocks: [AID: [UInt8]]
        /// What the vault is to attest, by application instance.
        public var attestations: [AID: AttestationTokenRequest]
        /// The vault's key set that `rotateKeys` puts, its version number, and the version it replaces.
        public var finalKeySet: (id: String, version: UInt8, replacing: UInt8)?
        /// Bytes of command data that one C-APDU takes under this session's secure messaging.
        public var maximumPayload: Int
        /// What fills the placeholders of the applications' scripts.
        public var values: ProgramValues

        public init(loadFileDataBlocks: [AID: [UInt8]], attestations: [AID: AttestationTokenRequest],
                    finalKeySet: (id: String, version: UInt8, replacing: UInt8)?, maximumPayload: Int, values: ProgramValues = ProgramValues()) {
            self.loadFileDataBlocks = loadFileDataBlocks
            self.attestations = attestations
            self.finalKeySet = finalKeySet
            self.maximumPayload = maximumPayload
            self.values = values
        }
    }

    /// - Throws: `TSMFailure` naming the step that cannot be expressed: a load file too large for its card, a document that
    ///   names what it does not hold.
    public init(steps: [ProvisioningStep], document: DeploymentDocument, material: Material) throws(TSMFailure) {
        entries = []
        for step in steps {
            do {
                if case .personalize(let instance) = step {
                    entries += try Self.personalization(try Self.application(instance, document, step), step, material: material)
                    continue
                }
                for command in try Self.commands(step, document: document, material: material) {
                    entries.append(Entry(step: step, command: command))
                }
            } catch let failure as TSMFailure {
                throw failure
            } catch {
                throw TSMFailure(.internalError, "cannot \(step.name): \(error)")
            }
        }
    }

    private static func commands(_ step: ProvisioningStep, document: DeploymentDocument, material: Material) throws -> [ChannelCommand] {
        switch step {
        case .rotateKeys:
            guard let keys = material.finalKeySet else { throw missing("final key set", step) }
            return [.putKey(keySetId: keys.id, keyVersionNumber: keys.version, replacing: keys.replacing)]
        case .load(let package):
            guard let file = document.loadFiles.first(where: { $0.packageAid == package }), let block = material.loadFileDataBlocks[package] else {
                throw missing("load file \(package)", step)
            }
            let install = InstallForLoad(loadFile: package, securityDomain: document.service.securityDomain, loadFileDataBlockHash: file.sha256.bytes)
            let loadFile = TLV(0xC4, block).bytes
            return [plain(try InstallCommand.load(install).apdu())]
                + (try LoadCommand.split(loadFile: loadFile, maximumPayload: material.maximumPayload)).map { plain($0.apdu) }
        case .install(let instance):
            let application = try application(instance, document, step)
            let install = InstallForInstall(
                loadFile: application.packageAid, module: application.moduleAid, application: instance,
                privileges: try Privileges(bytes: application.privileges.bytes),
                parameters: InstallParameters(applicationSpecific: try installParameters(application, material: material)), makeSelectable: false)
            return [plain(try InstallCommand.install(install).apdu())]
        case .personalize:
            // Its commands have names of their own.
            return []
        case .makeSelectable(let instance):
            return [plain(try InstallCommand.makeSelectable(InstallForMakeSelectable(application: instance)).apdu())]
        case .lock(let instance):
            return [plain(SetStatusCommand.lock(instance).apdu)]
        case .unlock(let instance):
            return [plain(SetStatusCommand.unlock(instance).apdu)]
        case .deleteInstance(let instance):
            return [plain(DeleteCommand.object(instance).apdu)]
        case .deleteLoadFile(let package):
            return [plain(DeleteCommand.object(package, related: true).apdu)]
        case .proveApplication(let instance, _), .proveLock(let instance, _), .readLock(let instance):
            return [plain(GetStatusCommand(scope: .applications, aid: instance).apdu)]
        case .startUpgrade(let package):
            return [plain(ManageUpgradeCommand(.start, loadFile: package).apdu)]
        case .resumeUpgrade:
            return [plain(ManageUpgradeCommand(.resume).apdu)]
        case .recoverUpgrade:
            return [plain(ManageUpgradeCommand(.recover).apdu)]
        case .abortUpgrade:
            return [plain(ManageUpgradeCommand(.abort).apdu)]
        case .readUpgrade:
            return [plain(ManageUpgradeCommand(.status).apdu)]
        case .listApplications:
            return [plain(GetStatusCommand(scope: .applications, tagList: [0x4F, 0x9F70]).apdu)]
        case .listLoadFiles:
            return [plain(GetStatusCommand(scope: .loadFiles, tagList: [0x4F, 0xCE]).apdu)]
        case .proveLoadFile(let package):
            return [plain(GetStatusCommand(scope: .loadFiles, aid: package).apdu)]
        }
    }

    private static func application(_ instance: AID, _ document: DeploymentDocument, _ step: ProvisioningStep) throws(TSMFailure) -> ApplicationDocument {
        guard let application = document.applications.first(where: { $0.instanceAid == instance }) else {
            throw missing("application \(instance)", step)
        }
        return application
    }

    static func missing(_ what: String, _ step: ProvisioningStep) -> TSMFailure {
        TSMFailure(.internalError, "cannot \(step.name): the deployment document has no \(what)")
    }

    private static func plain(_ command: CommandAPDU) -> ChannelCommand { .apdu(HexBytes(command.bytes)) }

    /// Runs of C-APDUs with the names of their steps, once the vault has said how many C-APDUs each command became.
    ///
    /// - Parameter offset: C-APDUs in front of the first wrapped command (SELECT, INITIALIZE UPDATE, EXTERNAL AUTHENTICATE).
    public func steps(wrapped: [[HexBytes]], offset: Int) -> [OrderPiece.Step] {
        var steps: [OrderPiece.Step] = offset > 0 ? [OrderPiece.Step(name: "open secure channel", first: 0, count: offset)] : []
        var at = offset
        for (entry, apdus) in zip(entries, wrapped) {
            if let last = steps.last, last.name == entry.step.name {
                steps[steps.count - 1].count += apdus.count
            } else {
                steps.append(OrderPiece.Step(name: entry.step.name, first: at, count: apdus.count))
            }
            at += apdus.count
        }
        return steps
    }
}
