import GlobalPlatform
import Personalization

/// What one command of a personalisation is: for the result, for messages, and to judge its answer. Holds no value of the SP app's.
public enum PersonalizationEntry: Codable, Sendable, Hashable {
    /// INSTALL [for personalization].
    case begins
    case attestationToken
    /// A command of the PersonalizationScript, as it may be shown.
    case command(label: String, shown: HexBytes, expected: [StatusPattern])

    /// For messages: which part of 'personalize application …' it is.
    public var words: String {
        switch self {
        case .begins: "INSTALL [for personalization]"
        case .attestationToken: "attestation token"
        case .command(let label, _, _): "'\(label)' of the PersonalizationScript"
        }
    }
}
