import Foundation
import SecureComponentSimulator

/// Files of simulated cards on the command line.
enum CardFiles {
    /// Where the keys of a new card's Issuer Security Domain are written: beside the card.
    static func keys(of card: String) -> String { card + ".keys" }

    /// Nobody else may use a card while it is in a reader.
    static func lock(of card: String) -> String { card + ".lock" }

    /// A name of a built-in profile, or a file that holds one.
    static func profile(_ name: String) throws(ToolFailure) -> CardProfile {
        if let profile = CardProfile.builtIn(named: name) { return profile }
        guard FileManager.default.fileExists(atPath: name) else {
            throw ToolFailure("there is no profile '\(name)': built in are \(CardProfile.builtIn.map(\.name).joined(separator: ", ")); anything else is a file")
        }
        do { return try CardProfile(contentsOf: name) } catch { throw ToolFailure(error.description) }
    }

    static func open(_ path: String) throws(ToolFailure) -> SimulatedCard {
        let file = CardFile(path: path)
        guard file.exists else { throw ToolFailure("there is no card \(path); make one with tsms secure-component new --profile NAME --file \(path)") }
        do { return try SimulatedCard(opening: file) } catch { throw ToolFailure(error.description) }
    }
}
