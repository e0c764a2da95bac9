import GlobalPlatform

/// A session of Amendment H: a load file that was taken off the card, and its instances, which wait for their new load file.
struct LoadFileUpgrade: Codable, Hashable, Sendable {
    /// Where the session stands: tag 90 of what MANAGE ELF UPGRADE answers.
    enum Status: UInt8 {
        case none = 0x00
        case completed = 0x01
        case waitingForLoadFile = 0x02
        case waitingForRestore = 0x03
        case restoreFailed = 0x04
    }

    /// That began the session and alone goes on with it.
    var securityDomain: AID
    /// As it was.
    var loadFile: LoadFileRecord
    /// As they were, their data included.
    var instances: [ApplicationRecord]
    /// The new load file is there and cannot take the instances.
    var restoreFailed = false
}

extension CardImage {
    var upgradeStatus: LoadFileUpgrade.Status {
        guard let upgrade else { return .none }
        if upgrade.restoreFailed { return .restoreFailed }
        return loadFile(upgrade.loadFile.aid) == nil ? .waitingForLoadFile : .waitingForRestore
    }

    /// A session's data belongs to security domains; as long as it is open, these stay.
    /// - Throws: 6985.
    func checkUpgrade() throws(Refusal) {
        guard let upgrade else { return }
        for domain in [upgrade.securityDomain] + upgrade.instances.map(\.securityDomain) where application(domain)?.domain == nil {
            throw Refusal(.conditionsNotSatisfied, "\(domain) takes part in the upgrade of load file \(upgrade.loadFile.aid)")
        }
    }
}
