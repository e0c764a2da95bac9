import GlobalPlatform

/// INSTALL in all its forms but [for load] (GPCS 2.3.1, 11.5).
extension CardEngine {
    mutating func install(_ command: CommandAPDU, _ domain: ApplicationRecord, _ number: Int) throws(Refusal) -> ResponseAPDU {
        switch try Refusal.reading({ () throws(FormatError) in try InstallCommand.parse(command) }) {
        case .load(let load): try beginLoading(load, domain, number)
        case .install(let install): try installApplication(install, domain)
        case .makeSelectable(let request): try makeSelectable(request, domain)
        case .personalization(let aid): try beginPersonalization(aid, domain, number)
        case .extradition(let request): try extradite(request, domain)
        case .registryUpdate(let request): try updateRegistry(request, domain)
        }
        // No receipt: one byte that says so.
        return ResponseAPDU(data: [0x00], statusWord: .success)
    }

    private mutating func installApplication(_ install: InstallForInstall, _ domain: ApplicationRecord) throws(Refusal) {
        try requireAuthorizedManagement(domain)
        try refuseToken(install.token)
        guard let file = image.loadFile(install.loadFile) else { throw Refusal(.referencedDataNotFound, "load file \(install.loadFile) is not on the card") }
        guard file.modules.contains(install.module) else { throw Refusal(.referencedDataNotFound, "\(file.aid) has no module \(install.module)") }
        guard image.isWithin(file.securityDomain, domain: domain.aid) || image.isWithin(domain.aid, domain: file.securityDomain) else {
            throw Refusal(.conditionsNotSatisfied, "load file \(file.aid) belongs to another hierarchy than \(domain.aid)")
        }
        guard !image.isTaken(install.application) else { throw Refusal(.incorrectData, "AID \(install.application) is in use") }
        let isDomain = install.module == .securityDomainModule && file.aid == .securityDomainPackage
        try check(install.privileges, isDomain: isDomain, by: domain)
        var record = ApplicationRecord(
            aid: install.application, loadFile: file.aid, module: install.module, privileges: install.privileges,
            lifeCycleState: install.makeSelectable ? ApplicationState.selectable.rawValue : ApplicationState.installed.rawValue,
            securityDomain: domain.aid, memory: .init(install.parameters.system),
            implicitSelection: HexBytes(install.parameters.system.implicitSelection))
        let specific = install.parameters.applicationSpecific ?? []
        if isDomain {
            record.domain = try newDomain(specific, parent: domain)
        } else if file.aid == AccessRuleStore.loadFile {
            guard !image.applications.contains(where: { $0.accessRules != nil }) else {
                throw Refusal(.conditionsNotSatisfied, "the card has its access rule application already")
            }
            record.accessRules = AccessRuleStore(rules: [], refreshTag: HexBytes(try randomBytes(8)))
        } else {
            record.sink = try SinkData(loadFile: file, module: install.module, installParameters: specific)
        }
        image.applications.append(record)
    }

    /// What an installing domain may give (GPCS 2.3.1, 6.6.3).
    private func check(_ privileges: Privileges, isDomain: Bool, by domain: ApplicationRecord) throws(Refusal) {
        guard privileges.contains(.securityDomain) == isDomain else {
            throw Refusal(.incorrectData, "the Security Domain privilege and the module do not agree")
        }
        if let reason = privileges.inconsistency { throw Refusal(.incorrectData, reason) }
        let grantable = isDomain ? image.profile.grantableSecurityDomainPrivileges : image.profile.grantableApplicationPrivileges
        let impossible = privileges.subtracting(grantable)
        guard impossible.isEmpty else { throw Refusal(.incorrectData, "the card does not give \(impossible) to this kind of object") }
        // Power over the card cannot be handed on by who does not have it.
        let powers: Privileges = [.cardLock, .cardTerminate, .cardReset, .authorizedManagement, .globalDelete, .globalLock, .globalRegistry, .finalApplication]
        let missing = privileges.intersection(powers).subtracting(domain.privileges)
        guard missing.isEmpty else { throw Refusal(.conditionsNotSatisfied, "\(domain.aid) lacks what it gives: \(missing)") }
    }

    private func newDomain(_ specific: [UInt8], parent: ApplicationRecord) throws(Refusal) -> SecurityDomainRecord {
        let parameters: SecurityDomainParameters
        // Older cards know a single byte 45 or nothing here; it says nothing that this card lets anyone choose.
        if specific.isEmpty || specific == [0x45] {
            parameters = SecurityDomainParameters(secureChannels: [])
        } else {
            parameters = try Refusal.reading { () throws(FormatError) in try SecurityDomainParameters(parsing: specific) }
        }
        for channel in parameters.secureChannels {
            guard channel.identifier == 0x03, image.profile.scp03Options.contains(channel.option) else {
                throw Refusal(.incorrectData, "the card has no \(channel)")
            }
        }
        let option = parameters.secureChannels.first?.option ?? parent.domain?.scp03Option ?? image.profile.scp03Parameter.rawValue
        return SecurityDomainRecord(
            scp03Option: option, personalizesItself: parameters.personalizesItself, acceptsExtradition: parameters.acceptsExtraditionHere != [0x00])
    }

    private mutating func makeSelectable(_ request: InstallForMakeSelectable, _ domain: ApplicationRecord) throws(Refusal) {
        try requireAuthorizedManagement(domain)
        try refuseToken(request.token)
        guard let index = image.applicationIndex(request.application) else {
            throw Refusal(.referencedDataNotFound, "\(request.application) is not on the card")
        }
        let application = image.applications[index]
        guard image.manages(domain.aid, application: application) else {
            throw Refusal(.conditionsNotSatisfied, "\(application.aid) is not associated with \(domain.aid)")
        }
        guard let next = ApplicationState(rawValue: application.lifeCycleState)?.afterMakeSelectable() else {
            throw Refusal(.conditionsNotSatisfied, "\(application.aid) is not in state INSTALLED")
        }
        if let privileges = request.privileges, privileges != application.privileges {
            try check(privileges, isDomain: application.isSecurityDomain, by: domain)
            image.applications[index].privileges = privileges
        }
        image.applications[index].lifeCycleState = next.rawValue
    }

    private mutating func beginPersonalization(_ aid: AID, _ domain: ApplicationRecord, _ number: Int) throws(Refusal) {
        guard domain.privileges.contains(.trustedPath) else { throw Refusal(.conditionsNotSatisfied, "\(domain.aid) lacks the Trusted Path privilege") }
        guard let target = image.application(aid) else { throw Refusal(.referencedDataNotFound, "\(aid) is not on the card") }
        guard target.securityDomain == domain.aid, target.aid != domain.aid else {
            throw Refusal(.conditionsNotSatisfied, "\(aid) is not associated with \(domain.aid)")
        }
        guard !target.isLocked else { throw Refusal(.conditionsNotSatisfied, "\(aid) is LOCKED") }
        if let sink = target.sink, !sink.acceptsPersonalization {
            throw Refusal(.conditionsNotSatisfied, "\(aid) does not implement the personalisation interface")
        }
        channels[number]?.storing = StoreDataSession(target: aid, isForwarding: true)
    }

    private mutating func extradite(_ request: InstallForExtradition, _ domain: ApplicationRecord) throws(Refusal) {
        try requireAuthorizedManagement(domain)
        try refuseToken(request.token)
        try move(request.object, to: request.newSecurityDomain, by: domain)
    }

    /// GPCS 2.3.1, 9.4.1: both ends must lie in the extraditing domain's hierarchy, and the new one must agree.
    private mutating func move(_ object: AID, to newDomain: AID, by domain: ApplicationRecord) throws(Refusal) {
        guard let target = image.application(newDomain), let data = target.domain else {
            throw Refusal(.referencedDataNotFound, "\(newDomain) is no security domain of this card")
        }
        guard !target.isLocked, target.aid == image.issuerSecurityDomain || target.isSelectable, data.acceptsExtradition else {
            throw Refusal(.conditionsNotSatisfied, "\(newDomain) does not accept extradition")
        }
        guard image.isWithin(newDomain, domain: domain.aid) else {
            throw Refusal(.conditionsNotSatisfied, "\(newDomain) is not in the hierarchy of \(domain.aid)")
        }
        if let index = image.applicationIndex(object) {
            let application = image.applications[index]
            guard image.manages(domain.aid, application: application) else {
                throw Refusal(.conditionsNotSatisfied, "\(object) is not associated with \(domain.aid)")
            }
            guard !application.isSecurityDomain || !image.isWithin(newDomain, domain: object) else {
                throw Refusal(.conditionsNotSatisfied, "a security domain cannot move below itself")
            }
            image.applications[index].securityDomain = newDomain
        } else if let index = image.loadFileIndex(object) {
            guard image.isWithin(image.loadFiles[index].securityDomain, domain: domain.aid), !image.loadFiles[index].isPreinstalled else {
                throw Refusal(.conditionsNotSatisfied, "\(object) is not associated with \(domain.aid)")
            }
            image.loadFiles[index].securityDomain = newDomain
        } else {
            throw Refusal(.referencedDataNotFound, "\(object) is not on the card")
        }
    }

    private mutating func updateRegistry(_ request: InstallForRegistryUpdate, _ domain: ApplicationRecord) throws(Refusal) {
        try requireAuthorizedManagement(domain)
        try refuseToken(request.token)
        guard let index = image.applicationIndex(request.application) else {
            throw Refusal(.referencedDataNotFound, "\(request.application) is not on the card")
        }
        let application = image.applications[index]
        guard image.manages(domain.aid, application: application) else {
            throw Refusal(.conditionsNotSatisfied, "\(application.aid) is not associated with \(domain.aid)")
        }
        if let privileges = request.privileges {
            try check(privileges, isDomain: application.isSecurityDomain, by: domain)
            image.applications[index].privileges = privileges
        }
        let system = request.parameters.system
        if !system.implicitSelection.isEmpty { image.applications[index].implicitSelection = HexBytes(system.implicitSelection) }
        if let quota = system.volatileQuota { image.applications[index].memory.volatileQuota = quota }
        if let quota = system.nonVolatileQuota { image.applications[index].memory.nonVolatileQuota = quota }
        if let newDomain = request.securityDomain { try move(application.aid, to: newDomain, by: domain) }
    }

    func randomBytes(_ count: Int) throws(Refusal) -> [UInt8] {
        do { return try random.bytes(count) } catch { throw Refusal(.uncaughtException, error.description) }
    }
}
