import GlobalPlatform

/// DELETE (GPCS 2.3.1, 9.5 and 11.2).
extension CardEngine {
    mutating func delete(_ command: CommandAPDU, _ domain: ApplicationRecord) throws(Refusal) -> ResponseAPDU {
        var answer = ManagementConfirmation.none.bytes
        switch try Refusal.reading({ () throws(FormatError) in try DeleteCommand.parse(command) }) {
        case .object(let aid, let related, let token):
            let authorization = try authorizeDeletion(command, token: token ?? [], domain)
            if let application = image.application(aid) {
                try delete(application, related: related, by: domain)
            } else if let file = image.loadFile(aid) {
                try delete(file, related: related, by: domain)
            } else if image.loadFiles.contains(where: { $0.modules.contains(aid) }) {
                throw Refusal(.applicationNotFound, "\(aid) is a module, which goes with its load file")
            } else {
                throw Refusal(.referencedDataNotFound, "\(aid) is not on the card")
            }
            image.settleSinglePrivileges()
            answer = try confirmation(of: .delete(aid), authorization)
        case .key(let identifier, let version):
            try deleteKeys(identifier: identifier, version: version, of: domain)
        }
        return ResponseAPDU(data: answer, statusWord: .success)
    }

    /// Global Delete needs nothing beside itself; otherwise as all content management.
    private mutating func authorizeDeletion(_ command: CommandAPDU, token: [UInt8], _ domain: ApplicationRecord) throws(Refusal) -> Authorization {
        let manages = domain.privileges.contains(.authorizedManagement) || domain.privileges.contains(.delegatedManagement)
        if domain.privileges.contains(.globalDelete), !manages || token.isEmpty {
            guard token.isEmpty else { throw Refusal(.incorrectData, "a token came where Global Delete needs none") }
            return Authorization(authority: domain.aid, token: nil)
        }
        let objects = try Refusal.reading { () throws(FormatError) in try DeleteCommand.objects(in: command) }
        return try authorize(
            command, token: token, reference: try Refusal.reading { () throws(FormatError) in try TokenReference.find(in: objects) }, domain)
    }

    private mutating func delete(_ application: ApplicationRecord, related: Bool, by domain: ApplicationRecord) throws(Refusal) {
        guard application.aid != image.issuerSecurityDomain else { throw Refusal(.conditionsNotSatisfied, "the Issuer Security Domain stays") }
        let isGlobal = domain.privileges.contains(.globalDelete)
        guard image.manages(domain.aid, application: application) || isGlobal else {
            throw Refusal(.conditionsNotSatisfied, "\(application.aid) is not associated with \(domain.aid)")
        }
        try requireDeletion(heldBy: [application.securityDomain], by: domain)
        guard application.isSecurityDomain else {
            try removeApplications([application.aid])
            return
        }
        let domains = image.subtree(of: application.aid)
        let applications = image.applications.filter { domains.contains($0.securityDomain) && !domains.contains($0.aid) }.map(\.aid)
        let files = image.loadFiles.filter { domains.contains($0.securityDomain) }
        guard related || (domains.count == 1 && applications.isEmpty && files.isEmpty) else {
            throw Refusal(.conditionsNotSatisfied, "load files or applications are associated with \(application.aid)")
        }
        let holders = applications.compactMap { image.application($0)?.securityDomain } + files.map(\.securityDomain)
            + domains.filter { $0 != application.aid }.compactMap { image.application($0)?.securityDomain }
        try requireDeletion(heldBy: holders, by: domain)
        try removeApplications(applications + domains)
        for file in image.inOrderOfRemoval(files) { try removeLoadFile(file.aid) }
    }

    private mutating func delete(_ file: LoadFileRecord, related: Bool, by domain: ApplicationRecord) throws(Refusal) {
        let isGlobal = domain.privileges.contains(.globalDelete)
        guard image.isWithin(file.securityDomain, domain: domain.aid) || isGlobal else {
            throw Refusal(.conditionsNotSatisfied, "\(file.aid) is not associated with \(domain.aid)")
        }
        let instances = image.applications.filter { $0.loadFile == file.aid && $0.aid != image.issuerSecurityDomain }
        guard related || instances.isEmpty else { throw Refusal(.conditionsNotSatisfied, "applications were installed from \(file.aid)") }
        for instance in instances where !image.manages(domain.aid, application: instance) && !isGlobal {
            throw Refusal(.conditionsNotSatisfied, "\(instance.aid) was installed from \(file.aid) and is not associated with \(domain.aid)")
        }
        try requireDeletion(heldBy: [file.securityDomain] + instances.map(\.securityDomain), by: domain)
        try removeApplications(instances.map(\.aid))
        try removeLoadFile(file.aid)
    }

    /// Tag 83 of a domain's installation parameters keeps domains above it from deleting what it holds: by name, with its load file, or with
    /// the domain itself. Global Delete is not bound by it.
    /// - Parameter holders: the domains that what is to go is associated with.
    private func requireDeletion(heldBy holders: [AID], by domain: ApplicationRecord) throws(Refusal) {
        guard !domain.privileges.contains(.globalDelete) else { return }
        if let closed = holders.first(where: { $0 != domain.aid && image.application($0)?.domain?.acceptsDeletion == false }) {
            throw Refusal(.conditionsNotSatisfied, "\(closed) does not let others delete what it holds")
        }
    }

    /// All or none: what throws leaves the image to be restored.
    private mutating func removeApplications(_ aids: [AID]) throws(Refusal) {
        for aid in aids {
            if let channel = channels.first(where: { $0.value.selected == aid })?.key {
                throw Refusal(.conditionsNotSatisfied, "\(aid) is selected on channel \(channel)")
            }
        }
        image.applications.removeAll { aids.contains($0.aid) }
    }

    private mutating func removeLoadFile(_ aid: AID) throws(Refusal) {
        guard let file = image.loadFile(aid) else { return }
        guard !file.isPreinstalled else { throw Refusal(.conditionsNotSatisfied, "\(aid) is in ROM") }
        if let user = image.user(of: file) {
            throw Refusal(.conditionsNotSatisfied, "\(user.aid) imports \(aid)")
        }
        if let instance = image.applications.first(where: { $0.loadFile == aid && $0.aid != image.issuerSecurityDomain }) {
            throw Refusal(.conditionsNotSatisfied, "\(instance.aid) was installed from \(aid)")
        }
        image.loadFiles.removeAll { $0.aid == aid }
    }

    private mutating func deleteKeys(identifier: UInt8?, version: UInt8?, of domain: ApplicationRecord) throws(Refusal) {
        let isIssuer = domain.aid == image.issuerSecurityDomain
        try image.withDomain(domain.aid) { (data: inout SecurityDomainRecord) throws(Refusal) in
            let before = data.keySets.reduce(0) { $0 + $1.keys.count }
            for index in data.keySets.indices where version == nil || data.keySets[index].version == version {
                data.keySets[index].keys.removeAll { identifier == nil || $0.identifier == identifier }
            }
            data.keySets.removeAll { $0.keys.isEmpty }
            guard data.keySets.reduce(0, { $0 + $1.keys.count }) < before else { throw Refusal(.referencedDataNotFound, "no such key") }
            // Nothing could manage the card any more.
            guard !isIssuer || data.defaultKeySet != nil else {
                throw Refusal(.conditionsNotSatisfied, "the Issuer Security Domain keeps one complete key set")
            }
        }
    }
}
