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
    func isTaken(_ aid: AID) -> Bool { application(aid) != nil || loadFile(aid) != nil }

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

    /// The domain whose keys a session with `domain` uses: itself, or where it has none the next one above that has.
    func keyHolder(of domain: AID) -> AID? {
        var current = domain
        for _ in 0...applications.count {
            guard let record = application(current), let data = record.domain else { return nil }
            if !data.keySets.isEmpty { return current }
            guard record.securityDomain != current else { return nil }
            current = record.securityDomain
        }
        return nil
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
