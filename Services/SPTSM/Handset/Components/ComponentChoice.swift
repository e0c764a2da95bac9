import TrustedServiceModel

/// Which of several eligible components gets the instance (TR-03165 3.3.1, 4.2.5.1): exactly one, and always the same for the same components, in
/// whatever order the handset lists them. Pure.
///
/// The TR leaves the rule open. Here: what is built into the handset before what can be taken out of it, then by the ID of the secure component
/// profile, then by the component's own ID (issuer, IIN, CIN). The order of kinds is ours; IDs decide nothing but that there is one answer.
enum ComponentChoice {
    struct Eligible: Sendable, Hashable {
        /// As the handset names it: a claim, but of no consequence beyond the order.
        var kind: SERAM.SecureElementType
        var profileId: String
        /// `ComponentRecord.id`.
        var id: String
    }

    /// Best first.
    static func ordered(_ components: [Eligible]) -> [Eligible] {
        components.sorted { left, right in
            (rank(left.kind), left.profileId, left.id) < (rank(right.kind), right.profileId, right.id)
        }
    }

    private static func rank(_ kind: SERAM.SecureElementType) -> Int {
        switch kind {
        case .eSE: 0
        case .iSE: 1
        case .ieuicc: 2
        case .euicc: 3
        case .uicc: 4
        case .undefined: 5
        }
    }
}
