import GlobalPlatform

/// INSTALL in its forms that make applications (GPCS 2.3.1, 11.5).
extension CardEngine {
    mutating func install(_ command: CommandAPDU, _ domain: ApplicationRecord, _ number: Int) throws(Refusal) -> ResponseAPDU {
        let combined = channels[number]?.loading
        channels[number]?.loading = nil
        // No receipt: one byte that says so.
        var answer = ManagementConfirmation.none.bytes
        switch try Refusal.reading({ () throws(FormatError) in try InstallCommand.parse(command) }) {
        case .load(let load): try beginLoading(load, command, domain, isCombined: false, number)
        case .beginCombined(let load): try beginLoading(load, command, domain, isCombined: true, number)
        case .endCombined(let install):
            guard let combined, combined.isCombined, let file = combined.loaded, file.aid == install.loadFile else {
                throw Refusal(.conditionsNotSatisfied, "a combined process ends after the last LOAD of its load file")
            }
            try requireFree(file.aid)
            image.loadFiles.append(file)
            answer = try installApplication(install, command, domain)
        case .install(let install): answer = try installApplication(install, command, domain)
        case .makeSelectable(let request): answer = try makeSelectable(request, command, domain)
        case .personalization(let aid): try beginPersonalization(aid, domain, number)
        case .extradition(let request): answer = try extradite(request, command, domain)
        case .registryUpdate(let request): answer = try updateRegistry(request, command, domain)
        }
        return ResponseAPDU(data: answer, statusWord: .success)
    }

    private mutating func installApplication(_ install: InstallForInstall, _ command: CommandAPDU, _ domain: ApplicationRecord) throws(Refusal) -> [UInt8] {
        let authorization = try authorize(command, token: install.token, reference: reference(in: install.parameters), domain)
        guard let file = image.loadFile(install.loadFile) else { throw Refusal(.referencedDataNotFound, "load file \(install.loadFile) is not on the card") }
        guard file.modules.contains(install.module) else { throw Refusal(.referencedDataNotFound, "\(file.aid) has no module \(install.module)") }
        guard image.isWithin(file.securityDomain, domain: domain.aid) || image.isWithin(domain.aid, domain: file.securityDomain) else {
            throw Refusal(.conditionsNotSatisfied, "load file \(file.aid) belongs to another hierarchy than \(domain.aid)")
        }
        guard let owner = image.application(file.securityDomain), owner.aid == image.issuerSecurityDomain || !owner.isLocked else {
            throw Refusal(.conditionsNotSatisfied, "\(file.securityDomain), which holds load file \(file.aid), is LOCKED")
        }
        try requireFree(install.application)
        let isDomain = install.module == .securityDomainModule && file.aid == .securityDomainPackage
        try checkPrivileges(install.privileges, of: install.application, isDomain: isDomain, by: authorization.authority)
        var record = ApplicationRecord(
            aid: install.application, loadFile: file.aid, module: install.module, privileges: install.privileges,
            lifeCycleState: install.makeSelectable ? ApplicationState.selectable.rawValue : ApplicationState.installed.rawValue,
            securityDomain: domain.aid, memory: .init(install.parameters.system))
        let specific = install.parameters.applicationSpecific ?? []
        if isDomain {
            record.domain = try newDomain(specific, parent: domain)
        } else if file.aid == AccessRuleStore.loadFile {
            try image.checkAccessRuleModule(install.module)
            record.accessRules = AccessRuleStore(rules: [], refreshTag: HexBytes(try randomBytes(8)))
        } else {
            record.sink = try SinkData(loadFile: file, module: install.module, installParameters: specific)
        }
        image.applications.append(record)
        try take(install.parameters, at: image.applications.count - 1)
        image.settleSinglePrivileges()
        return try confirmation(of: .install(loadFile: file.aid, application: install.application), authorization)
    }

    /// What EF and EA say beside memory: implicit selection, Global Services, the contactless interface.
    mutating func take(_ parameters: InstallParameters, at index: Int) throws(Refusal) {
        let system = parameters.system
        let application = image.applications[index]
        if !system.implicitSelection.isEmpty {
            for parameter in system.implicitSelection {
                if let other = image.applications.first(where: { $0.aid != application.aid && $0.implicitSelection.bytes.contains { conflicts($0, parameter) } }) {
                    throw Refusal(.incorrectData, "\(other.aid) is selected implicitly there")
                }
            }
            image.applications[index].implicitSelection = HexBytes(system.implicitSelection)
        }
        if !system.globalServices.isEmpty {
            guard application.privileges.contains(.globalService) else {
                throw Refusal(.incorrectData, "service parameters came without the Global Service privilege")
            }
            image.applications[index].globalServices = system.globalServices
        }
        let interface = system.other.filter { [0xA0, 0xA1].contains($0.tag) } + parameters.other.filter { $0.tag == 0xEA }
        for object in interface where object.tag.isConstructed {
            do { try TLV.checkNesting(object.value, maximumDepth: 4) } catch { throw Refusal(.incorrectData, "\(object.tag): \(error)") }
        }
        if !interface.isEmpty { image.applications[index].interfaceParameters = HexBytes(interface.bytes) }
    }

    /// b8 contactless, b7 contacts, the rest a channel (GPCS 2.3.1, table 11-50): one application each.
    private func conflicts(_ left: UInt8, _ right: UInt8) -> Bool { left & right & 0xC0 != 0 && left & 0x1F == right & 0x1F }

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
        // All bits clear: nothing is accepted. A reading; the specification of these tags is not public.
        func accepts(_ value: [UInt8]?) -> Bool { value.map { !$0.allSatisfy { $0 == 0 } || $0.isEmpty } ?? true }
        return SecurityDomainRecord(
            scp03Option: option, personalizesItself: parameters.personalizesItself, acceptsExtradition: accepts(parameters.acceptsExtraditionHere),
            acceptsDeletion: accepts(parameters.acceptsDeletion) ? nil : false,
            acceptsExtraditionAway: accepts(parameters.acceptsExtraditionAway) ? nil : false)
    }

    private mutating func makeSelectable(_ request: InstallForMakeSelectable, _ command: CommandAPDU, _ domain: ApplicationRecord) throws(Refusal) -> [UInt8] {
        let authorization = try authorize(command, token: request.token, reference: reference(in: request.parameters), domain)
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
            try checkPrivileges(
                privileges, of: application.aid, isDomain: application.isSecurityDomain, present: application.privileges, by: authorization.authority)
            image.applications[index].privileges = privileges
        }
        image.applications[index].lifeCycleState = next.rawValue
        try take(request.parameters, at: index)
        image.settleSinglePrivileges()
        return try confirmation(of: .install(loadFile: application.loadFile, application: application.aid), authorization)
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

    func randomBytes(_ count: Int) throws(Refusal) -> [UInt8] {
        do { return try random.bytes(count) } catch { throw Refusal(.noSpecificDiagnosis, error.description) }
    }
}
