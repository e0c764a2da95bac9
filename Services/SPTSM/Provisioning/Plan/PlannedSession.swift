import GlobalPlatform
import SEIAPI

/// Which keys of the service's security domain open a session: those that the issuer made, or the final ones.
public enum SessionKeys: String, Codable, Sendable { case first, final }

/// One secure channel session of a process.
public enum PlannedSession: Codable, Sendable, Hashable {
    /// Under the issuer's keys, run by the SEI TSM; its scripts are opaque to us.
    case issuer([SEI.Operation])
    /// With the service's own security domain.
    case securityDomain(SessionKeys, [ProvisioningStep])

    public var isIssuer: Bool { if case .issuer = self { true } else { false } }

    /// The domain that a session of the issuer's selects to put its first keys; nil: the issuer security domain, or a session of ours.
    public var keyedDomain: AID? {
        if case .issuer(let operations) = self, case .putFirstKeys(let aid)? = operations.first { aid } else { nil }
    }

    public var name: String {
        switch self {
        case .issuer: keyedDomain.map { "first keys of security domain \($0)" } ?? "issuer security domain"
        case .securityDomain(.first, _): "security domain, first keys"
        case .securityDomain(.final, _): "security domain"
        }
    }
}

/// How the card makes its challenges, which decides the arrangement of sessions (design section 4, round-trip budget).
public enum ChallengeKind: String, Codable, Sendable {
    /// Pseudo-random from a counter that we know: all sessions in one order.
    case predictable
    case random
}
