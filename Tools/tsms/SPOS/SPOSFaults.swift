import Foundation
import Synchronization

/// Misbehaviour on demand: shares of requests, read from `faults.json` in the inbox's directory at each request, so that a test can switch it.
final class SPOSFaults: Sendable {
    enum Fault: Sendable { case none, error, drop, loseAnswer }

    private struct Shares: Decodable {
        var error: Double?
        var drop: Double?
        var loseAnswer: Double?
        /// Before anything else happens.
        var seconds: Double?
    }

    private let path: String
    private let generator = Mutex(SystemRandomNumberGenerator())

    init(directory: String) { path = directory + "/faults.json" }

    /// - Throws: `DecodingError` for a file that is not of this form: then the request fails, and the log says why.
    func draw() async throws -> Fault {
        guard let data = FileManager.default.contents(atPath: path) else { return .none }
        let shares = try JSONDecoder().decode(Shares.self, from: data)
        if let seconds = shares.seconds, seconds > 0 { try await Task.sleep(for: .seconds(min(seconds, 3600))) }
        var place = generator.withLock { Double.random(in: 0..<1, using: &$0) }
        for (share, fault) in [(shares.error ?? 0, Fault.error), (shares.drop ?? 0, .drop), (shares.loseAnswer ?? 0, .loseAnswer)] {
            if place < share { return fault }
            place -= share
        }
        return .none
    }
}
