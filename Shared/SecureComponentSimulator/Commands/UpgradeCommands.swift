import GlobalPlatform

/// MANAGE ELF UPGRADE, where the profile offers it (Amendment H): load file and instances go, data and registry entries of the instances wait on the card,
/// durably, until a new version of the load file was loaded as ever and takes them.
///
/// Instances execute no bytecode, so that each keeps its data, whether or not its applet implements the amendment's interface.
extension CardEngine {
    mutating func manageUpgrade(_ command: CommandAPDU, _ domain: ApplicationRecord) throws(Refusal) -> ResponseAPDU {
        guard domain.privileges.contains(.authorizedManagement) else {
            throw Refusal(.conditionsNotSatisfied, "\(domain.aid) lacks the Authorized Management privilege")
        }
        let request = try Refusal.reading { () throws(FormatError) in try ManageUpgradeCommand.parse(command) }
        if request.action != .start, request.action != .status {
            guard let upgrade = image.upgrade else { throw Refusal(.conditionsNotSatisfied, "no upgrade has begun") }
            guard upgrade.securityDomain == domain.aid else { throw Refusal(.conditionsNotSatisfied, "the upgrade is that of \(upgrade.securityDomain)") }
        }
        let loadFile = request.loadFile ?? image.upgrade?.loadFile.aid
        var isCompleted = false
        switch request.action {
        case .start: try startUpgrade(of: request.loadFile, by: domain)
        case .resume: isCompleted = try restoreInstances()
        case .recover: try recoverUpgrade()
        case .abort: image.upgrade = nil
        case .status: break
        }
        let status = isCompleted ? .completed : image.upgradeStatus
        return ResponseAPDU(data: ManageUpgradeResponse(status: status.rawValue, loadFile: status == .none ? nil : loadFile).bytes, statusWord: .success)
    }

    private mutating func startUpgrade(of aid: AID?, by domain: ApplicationRecord) throws(Refusal) {
        if let upgrade = image.upgrade { throw Refusal(.conditionsNotSatisfied, "load file \(upgrade.loadFile.aid) is being upgraded") }
        guard let aid, let file = image.loadFile(aid) else { throw Refusal(.referencedDataNotFound, "there is no such load file") }
        guard !file.isPreinstalled, image.isWithin(file.securityDomain, domain: domain.aid) else {
            throw Refusal(.conditionsNotSatisfied, "\(aid) is in ROM or not associated with \(domain.aid)")
        }
        if let user = image.user(of: file) {
            throw Refusal(.conditionsNotSatisfied, "\(user.aid) imports \(aid)")
        }
        let instances = image.applications.filter { $0.loadFile == aid }
        for instance in instances {
            guard image.manages(domain.aid, application: instance), !instance.isSecurityDomain else {
                throw Refusal(.conditionsNotSatisfied, "\(instance.aid) was installed from \(aid) and is not managed by \(domain.aid)")
            }
            guard !channels.values.contains(where: { $0.selected == instance.aid }) else { throw Refusal(.conditionsNotSatisfied, "\(instance.aid) is selected") }
        }
        image.applications.removeAll { $0.loadFile == aid }
        image.loadFiles.removeAll { $0.aid == aid }
        image.upgrade = LoadFileUpgrade(securityDomain: domain.aid, loadFile: file, instances: instances)
    }

    /// - Returns: false when the new load file cannot take the instances.
    private mutating func restoreInstances() throws(Refusal) -> Bool {
        guard let upgrade = image.upgrade, image.upgradeStatus == .waitingForRestore, let file = image.loadFile(upgrade.loadFile.aid) else {
            throw Refusal(.conditionsNotSatisfied, "the upgrade does not wait for the restore")
        }
        guard upgrade.instances.allSatisfy({ file.modules.contains($0.module) }) else {
            image.upgrade?.restoreFailed = true
            return false
        }
        image.applications += upgrade.instances.map { instance in
            var instance = instance
            instance.sink?.moved(to: file)
            return instance
        }
        image.upgrade = nil
        return true
    }

    private mutating func recoverUpgrade() throws(Refusal) {
        guard let upgrade = image.upgrade, image.upgradeStatus == .restoreFailed else { throw Refusal(.conditionsNotSatisfied, "no restore has failed") }
        if let user = image.applications.first(where: { $0.loadFile == upgrade.loadFile.aid }) {
            throw Refusal(.conditionsNotSatisfied, "\(user.aid) was installed from the new load file")
        }
        image.loadFiles.removeAll { $0.aid == upgrade.loadFile.aid }
        image.upgrade?.restoreFailed = false
    }
}
