import SEIAPI
import TrustedServiceModel

/// Why one component of a handset is not eligible, or cannot be judged now.
struct EligibilityRefusal: Codable, Sendable, Hashable {
    /// Reader name as the handset tells it.
    var reader: String
    var failure: TSMFailure
}

/// The outcome of an eligibility check that found no component (TR-03165 3.3.1). Pure.
enum EligibilityOutcome {
    /// Category 8 says that no component of the handset will do; as long as one of them could not be judged, that is not known, and the reason why it
    /// could not be is the answer. First the reasons that go away by themselves or by the user's hand.
    private static let precedence: [ErrorCategory] = [
        .networkConnectionError, .nfcNotActivated, .secureComponentInaccessible, .secureComponentChannelNotAvailable, .issuerError, .secureComponentError,
        .executionInterrupted, .noEligibleSecureComponent,
    ]

    /// Failures of one component that say nothing of the next.
    static func concernsOneComponent(_ category: ErrorCategory) -> Bool { precedence.contains(category) }

    /// - Parameters:
    ///   - refusals: one for each component that could be read.
    ///   - inaccessible: readers that this app may not read, with the reasons, as the handset tells them.
    static func failure(_ refusals: [EligibilityRefusal], inaccessible: [String]) -> TSMFailure {
        let category = precedence.first { category in refusals.contains { $0.failure.category == category } }
        guard let category else {
            return inaccessible.isEmpty
                ? TSMFailure(.noEligibleSecureComponent, "this handset has no secure component that this app can read")
                : TSMFailure(.secureComponentInaccessible, "no secure component lets this app read it (\(told(inaccessible))); its issuer has to allow it")
        }
        var reasons = refusals.map { "\($0.reader.prefix(64)): \($0.failure.details)" }
        if !inaccessible.isEmpty { reasons.append("not readable by this app, which its issuer has to allow: \(told(inaccessible))") }
        return TSMFailure(category, reasons.joined(separator: "; "))
    }

    private static func told(_ inaccessible: [String]) -> String { inaccessible.prefix(8).map { String($0.prefix(128)) }.joined(separator: ", ") }

    /// What an issuer's refusal means for an eligibility check. An issuer that does not know a component, has blocked it or does not believe it has
    /// judged it; one that cannot be reached, or has no contract with this TSM, has not.
    static func failure(_ error: SEIError, issuerName: String) -> TSMFailure {
        switch error.code {
        case .unknownSecureComponent: TSMFailure(.noEligibleSecureComponent, "its issuer \(issuerName) does not know it, or not for this TSM")
        case .componentBlocked: TSMFailure(.noEligibleSecureComponent, "its issuer \(issuerName) has blocked it")
        case .cardCryptogramMismatch: TSMFailure(.noEligibleSecureComponent, "it did not prove to its issuer \(issuerName) that it is genuine")
        case .notEligible: TSMFailure(.noEligibleSecureComponent, "its issuer \(issuerName) does not accept it: \(error.reason)")
        case .forbidden, .contractViolation:
            TSMFailure(.issuerError, "its issuer \(issuerName) has no contract with this TSM that covers it (\(error.reason)); the TSM's operator has to settle that")
        default: RunFailure(error).failure
        }
    }
}
