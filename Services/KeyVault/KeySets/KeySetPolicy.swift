import KeyVaultAPI

/// What a key set may be used for, by purpose and by state.
public enum KeySetPolicy {
    public enum Use: String, Sendable, CaseIterable {
        case openChannel, verifyCryptogram, verifyReport, putOnCard, export, attest
    }

    public static func allows(_ use: Use, purpose: KeySetPurpose) -> Bool {
        switch use {
        case .openChannel, .verifyCryptogram, .verifyReport: true
        // An issuer security domain's keys are never written to a card by script nor handed to anybody.
        case .putOnCard, .export, .attest: purpose == .supplementarySecurityDomain
        }
    }

    public static func allows(_ use: Use, state: KeySetState) -> Bool {
        switch use {
        case .openChannel, .export, .attest: state == .pending || state == .live
        // Which set a card holds is found by its cryptogram, and the one that was to be replaced is a candidate.
        case .verifyCryptogram, .verifyReport: state != .destroyed
        case .putOnCard: state == .pending
        }
    }

    /// - Throws: `usageNotAllowed` or `wrongState`.
    static func require(_ use: Use, of keySet: KeySetRecord) throws(KeyVaultError) {
        guard allows(use, purpose: keySet.purpose) else {
            throw KeyVaultError(.usageNotAllowed, "key set \(keySet.id) is for \(keySet.purpose.rawValue): \(use.rawValue) is not allowed with it")
        }
        guard allows(use, state: keySet.state) else {
            throw KeyVaultError(.wrongState, "key set \(keySet.id) is \(keySet.state.rawValue): \(use.rawValue) is not possible with it")
        }
    }
}
