import GlobalPlatform

/// INSTALL [for extradition] and [for registry update] (GPCS 2.3.1, 9.4, 11.5.2.3.4, 11.5.2.3.5).
extension CardEngine {
    mutating func extradite(_ request: InstallForExtradition, _ command: CommandAPDU, _ domain: ApplicationRecord) throws(Refusal) -> [UInt8] {
        let authorization = try authorize(command, token: request.token, reference: reference(in: request.parameters), domain)
        let old = try move(request.object, to: request.newSecurityDomain, by: domain)
        return try confirmation(
            of: .extradition(oldSecurityDomain: old, object: request.object, newSecurityDomain: request.newSecurityDomain), authorization)
    }

    /// 9.4.1: both ends must lie in the extraditing domain's hierarchy, the old one must let go, and the new one must agree.
    /// - Returns: the domain that it was associated with.
    private mutating func move(_ object: AID, to newDomain: AID, by domain: ApplicationRecord) throws(Refusal) -> AID {
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
            try checkRelease(from: application.securityDomain, by: domain)
            image.applications[index].securityDomain = newDomain
            return application.securityDomain
        }
        guard let index = image.loadFileIndex(object) else { throw Refusal(.referencedDataNotFound, "\(object) is not on the card") }
        let file = image.loadFiles[index]
        guard image.isWithin(file.securityDomain, domain: domain.aid), !file.isPreinstalled else {
            throw Refusal(.conditionsNotSatisfied, "\(object) is not associated with \(domain.aid)")
        }
        try checkRelease(from: file.securityDomain, by: domain)
        image.loadFiles[index].securityDomain = newDomain
        return file.securityDomain
    }

    /// Tag 87 of a domain's installation parameters keeps domains above it from taking away what it holds.
    private func checkRelease(from old: AID, by domain: ApplicationRecord) throws(Refusal) {
        guard old == domain.aid || image.application(old)?.domain?.acceptsExtraditionAway != false else {
            throw Refusal(.conditionsNotSatisfied, "\(old) does not let go of what it holds")
        }
    }

    mutating func updateRegistry(_ request: InstallForRegistryUpdate, _ command: CommandAPDU, _ domain: ApplicationRecord) throws(Refusal) -> [UInt8] {
        let authorization = try authorize(command, token: request.token, reference: reference(in: request.parameters), domain)
        guard let index = image.applicationIndex(request.application) else {
            throw Refusal(.referencedDataNotFound, "\(request.application) is not on the card")
        }
        let application = image.applications[index]
        guard image.manages(domain.aid, application: application) else {
            throw Refusal(.conditionsNotSatisfied, "\(application.aid) is not associated with \(domain.aid)")
        }
        if let privileges = request.privileges {
            try checkPrivileges(
                privileges, of: application.aid, isDomain: application.isSecurityDomain, present: application.privileges, by: authorization.authority)
            image.applications[index].privileges = privileges
            image.settleSinglePrivileges()
        }
        try take(request.parameters, at: index)
        let system = request.parameters.system
        if let quota = system.volatileQuota { image.applications[index].memory.volatileQuota = quota }
        if let quota = system.nonVolatileQuota { image.applications[index].memory.nonVolatileQuota = quota }
        if let reserved = system.volatileReserved { image.applications[index].memory.volatileReserved = reserved }
        if let reserved = system.nonVolatileReserved { image.applications[index].memory.nonVolatileReserved = reserved }
        var old: AID?
        if let newDomain = request.securityDomain { old = try move(application.aid, to: newDomain, by: domain) }
        return try confirmation(
            of: .registryUpdate(
                oldSecurityDomain: old, application: application.aid, newSecurityDomain: request.securityDomain, privileges: request.privileges,
                parameters: request.parameters.bytes),
            authorization)
    }
}
