import GlobalPlatform

/// Finding and changing what is registered.
extension CardImage {
    var issuerSecurityDomain: AID { profile.issuerSecurityDomain }
    var cardState: CardState { CardState(rawValue: lifeCycleState) ?? .secured }

    func application(_ aid: AID) -> ApplicationRecord? { applications.first { $0.aid == aid } }
    func applicationIndex(_ aid: AID) -> Int? { applications.firstIndex { $0.aid == aid } }
    func loadFile(_ aid: AID) -> LoadFileRecord? { loadFiles.first { $0.aid == aid } }
    func loadFileIndex(_ aid: AID) -> Int? { loadFiles.firstIndex { $0.aid == aid } }

    /// AIDs of applications, load files and modules share one name space (GPCS 2.3.1, 6.2).
    func isTaken(_ aid: AID) -> Bool { application(aid) != nil || loadFile(aid) != nil || upgrade?.instances.contains { $0.aid == aid } == true }

    /// What is associated with a security domain directly.
    func applications(of domain: AID) -> [ApplicationRecord] { applications.filter { $0.securityDomain == domain && $0.aid != domain } }
    func loadFiles(of domain: AID) -> [LoadFileRecord] { loadFiles.filter { $0.securityDomain == domain } }

    /// Whether `domain` is `other` or stands above it in the tree of security domains.
    func isWithin(_ other: AID, domain: AID) -> Bool {
        var current = other
        // The tree is never deeper than it has members.
        for _ in 0...applications.count {
            if current == domain { return true }
            guard let parent = application(current)?.securityDomain, parent != current else { return false }
            current = parent
        }
        return false
    }

    /// Whether a security domain manages an application: itself no, what hangs below it yes.
    func manages(_ domain: AID, application: ApplicationRecord) -> Bool {
        application.aid != domain && isWithin(application.securityDomain, domain: domain)
    }

    /// The domains above `domain`, the nearest first; it itself not.
    func ancestors(of domain: AID) -> [ApplicationRecord] {
        var result: [ApplicationRecord] = []
        var current = application(domain)
        while let record = current, record.securityDomain != record.aid, result.count <= applications.count {
            current = application(record.securityDomain)
            if let current { result.append(current) }
        }
        return result
    }

    /// The domain whose keys a session with `domain` uses: itself, or where it has no set for secure channels the next one above that has.
    func keyHolder(of domain: AID) -> AID? {
        guard let record = application(domain), record.isSecurityDomain else { return nil }
        return ([record] + ancestors(of: domain)).first { $0.domain?.defaultKeySet != nil }?.aid
    }

    /// The value of 42 (IIN, SIN) or 45 (CIN, SDIN) of a domain; nil where it has none.
    func identification(_ tag: UInt8, of domain: ApplicationRecord) -> [UInt8]? {
        if let stored = domain.domain?.dataObjects[Hex.encode([tag])] { return stored.bytes }
        guard domain.aid == issuerSecurityDomain else { return nil }
        return (tag == 0x42 ? identity.issuerIdentificationNumber : identity.cardImageNumber).bytes
    }

    /// The only application that can be selected while the card is CARD_LOCKED.
    var finalApplication: AID {
        applications.first { $0.privileges.contains(.finalApplication) && $0.aid != issuerSecurityDomain && $0.isSelectable }?.aid ?? issuerSecurityDomain
    }

    /// Gives the Issuer Security Domain another AID, everywhere.
    mutating func renameIssuerSecurityDomain(to new: AID) {
        let old = issuerSecurityDomain
        for index in applications.indices {
            if applications[index].aid == old { applications[index].aid = new }
            if applications[index].securityDomain == old { applications[index].securityDomain = new }
        }
        for index in loadFiles.indices where loadFiles[index].securityDomain == old { loadFiles[index].securityDomain = new }
        profile.issuerSecurityDomain = new
    }

    /// The domain itself and all domains below it, parents first.
    func subtree(of domain: AID) -> [AID] {
        var result = [domain]
        var next = 0
        while next < result.count {
            result += applications(of: result[next]).filter(\.isSecurityDomain).map(\.aid)
            next += 1
        }
        return result
    }

    /// Applies `change` to a security domain's data.
    /// - Throws: 6A88 when there is none with this AID.
    mutating func withDomain(_ aid: AID, _ change: (inout SecurityDomainRecord) throws(Refusal) -> Void) throws(Refusal) {
        guard let index = applicationIndex(aid), var domain = applications[index].domain else {
            throw Refusal(.referencedDataNotFound, "\(aid) is no security domain")
        }
        // Taken out while it is changed, so that its key sets are not copied.
        applications[index].domain = nil
        defer { applications[index].domain = domain }
        try change(&domain)
    }

    /// As GET STATUS answers it; `withModules` for load files only.
    func entry(of application: ApplicationRecord) -> RegistryEntry {
        let isIssuer = application.aid == issuerSecurityDomain
        return RegistryEntry(
            aid: application.aid, lifeCycleState: isIssuer ? lifeCycleState : application.lifeCycleState, privileges: application.privileges,
            implicitSelection: application.implicitSelection.bytes, loadFile: isIssuer ? nil : application.loadFile,
            securityDomain: isIssuer ? nil : application.securityDomain)
    }

    func entry(of loadFile: LoadFileRecord, withModules: Bool) -> RegistryEntry {
        RegistryEntry(
            aid: loadFile.aid, lifeCycleState: LoadFileState.loaded.rawValue, version: loadFile.version.components.map { UInt8(clamping: $0) },
            modules: withModules ? loadFile.modules : [], securityDomain: loadFile.securityDomain)
    }
}
