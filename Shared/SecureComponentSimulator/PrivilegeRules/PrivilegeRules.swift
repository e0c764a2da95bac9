import GlobalPlatform

/// Who may have which privilege, and who may give it (GPCS 2.3.1, 6.6.2 and 6.6.3).
extension CardEngine {
    /// Power over more than a domain's own content cannot be handed on by who does not have it.
    private static let powers: Privileges = [
        .cardLock, .cardTerminate, .cardReset, .mandatedDAPVerification, .authorizedManagement, .tokenVerification, .globalDelete, .globalLock,
        .globalRegistry, .finalApplication, .receiptGeneration,
    ]
    /// What the card's issuer may give without having it.
    private static let issuersGift: Privileges = [.mandatedDAPVerification, .tokenVerification, .receiptGeneration]

    /// - Parameters:
    ///   - present: what the object has already, which is not given.
    ///   - authority: the domain whose privileges decide.
    /// - Throws: 6A80 for what nobody could have, 6985 for what `authority` cannot give or another has.
    func checkPrivileges(_ privileges: Privileges, of object: AID, isDomain: Bool, present: Privileges = [], by authority: AID) throws(Refusal) {
        guard privileges.contains(.securityDomain) == isDomain else {
            throw Refusal(.incorrectData, "the Security Domain privilege and the module do not agree")
        }
        if let reason = privileges.inconsistency { throw Refusal(.incorrectData, reason) }
        let grantable = isDomain ? image.profile.grantableSecurityDomainPrivileges : image.profile.grantableApplicationPrivileges
        let given = privileges.subtracting(present)
        let impossible = given.subtracting(grantable)
        guard impossible.isEmpty else { throw Refusal(.incorrectData, "the card does not give \(impossible) to this kind of object") }
        guard let giver = image.application(authority) else { throw Refusal(.conditionsNotSatisfied, "\(authority) is gone") }
        for single in CardImage.singlePrivileges where given.contains(single) {
            if let holder = image.applications.first(where: { $0.privileges.contains(single) && $0.aid != image.issuerSecurityDomain && $0.aid != object }) {
                throw Refusal(.conditionsNotSatisfied, "\(holder.aid) has the privilege \(single), and there is only one")
            }
        }
        var missing = given.intersection(Self.powers).subtracting(giver.privileges)
        if authority == image.issuerSecurityDomain { missing.subtract(Self.issuersGift) }
        guard missing.isEmpty else { throw Refusal(.conditionsNotSatisfied, "\(authority) lacks what it gives: \(missing)") }
    }
}

extension CardImage {
    /// Only one application on a card has each of these.
    static let singlePrivileges: [Privileges] = [.cardReset, .finalApplication]

    /// The Issuer Security Domain has a single privilege as long as nobody else does, and takes it back when the other is gone.
    mutating func settleSinglePrivileges() {
        guard let issuer = applicationIndex(issuerSecurityDomain) else { return }
        for single in CardImage.singlePrivileges where profile.issuerSecurityDomainPrivileges.contains(single) {
            if applications.contains(where: { $0.aid != issuerSecurityDomain && $0.privileges.contains(single) }) {
                applications[issuer].privileges.subtract(single)
            } else {
                applications[issuer].privileges.insert(single)
            }
        }
    }
}
