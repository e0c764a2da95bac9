import GlobalPlatform

extension CardImage {
    /// What no sequence of commands can lead to, and what a file must therefore not hold; nil when all is well.
    public var inconsistency: String? {
        if let reason = profile.inconsistency { return reason }
        guard CardState(rawValue: lifeCycleState) != nil else { return "the card has life cycle state \(lifeCycleState)" }
        guard applications.first?.aid == issuerSecurityDomain, applications.first?.domain != nil else { return "the Issuer Security Domain is not there" }
        guard identity.productionLifeCycle.bytes.count == 42, identity.keyDiversificationData.bytes.count == 10 else { return "CPLC has 42 bytes and key diversification data 10" }
        let aids = applications.map(\.aid) + loadFiles.map(\.aid)
        guard Set(aids).count == aids.count else { return "an AID is in use twice" }
        for file in loadFiles {
            guard application(file.securityDomain)?.domain != nil else { return "load file \(file.aid) has no security domain" }
        }
        for application in applications {
            if let reason = inconsistency(of: application) { return "\(application.aid): \(reason)" }
        }
        if let upgrade, let reason = inconsistency(of: upgrade) { return "load file upgrade of \(upgrade.loadFile.aid): \(reason)" }
        do { try checkMemory() } catch { return error.reason }
        return nil
    }

    private func inconsistency(of application: ApplicationRecord) -> String? {
        let isIssuer = application.aid == issuerSecurityDomain
        guard self.application(application.securityDomain)?.domain != nil else { return "it has no security domain" }
        guard isIssuer == (application.securityDomain == application.aid) else { return "it is its own security domain" }
        guard isWithin(application.aid, domain: issuerSecurityDomain) else { return "it does not hang below the Issuer Security Domain" }
        guard [application.domain != nil, application.accessRules != nil, application.sink != nil].count(where: { $0 }) == 1 else { return "it is not of one kind" }
        guard application.privileges.contains(.securityDomain) == application.isSecurityDomain else { return "the privilege SecurityDomain and its kind do not agree" }
        guard let file = loadFile(application.loadFile) else { return "load file \(application.loadFile) is gone" }
        guard file.modules.contains(application.module) else { return "load file \(file.aid) has no module \(application.module)" }
        guard isIssuer || hasKnownState(application) else { return "it has life cycle state \(application.lifeCycleState)" }
        for set in application.domain?.keySets ?? [] {
            guard !set.keys.isEmpty, set.keys.map(\.identifier) == Set(set.keys.map(\.identifier)).sorted() else { return "the keys of version \(set.version) are not in order" }
            guard set.sequenceCounter <= 0xFF_FFFF else { return "the counter of key version \(set.version) has more than three bytes" }
        }
        return nil
    }

    private func hasKnownState(_ application: ApplicationRecord) -> Bool {
        application.isSecurityDomain ? SecurityDomainState(rawValue: application.lifeCycleState) != nil : ApplicationState(rawValue: application.lifeCycleState) != nil
    }

    private func inconsistency(of upgrade: LoadFileUpgrade) -> String? {
        guard application(upgrade.securityDomain)?.domain != nil else { return "its security domain is gone" }
        if let orphan = upgrade.instances.first(where: { application($0.securityDomain)?.domain == nil }) { return "the security domain of \(orphan.aid) is gone" }
        if let double = upgrade.instances.first(where: { application($0.aid) != nil || loadFile($0.aid) != nil }) { return "\(double.aid) is on the card as well" }
        return nil
    }
}
