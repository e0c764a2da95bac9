import Cryptography
import Foundation
import GlobalPlatform
import SecureComponentSimulator
import Synchronization

/// Looks into a simulated chip at every INITIALIZE UPDATE: which keys the session is under, and which session keys follow from them.
final class KeyWitness: Sendable {
    private struct State {
        var needles: [Needle] = []
        var sessions: [(version: UInt8, number: Int)] = []
        var failures: [String] = []
    }

    private let state = Mutex(State())

    /// - Parameter path: the card's state file, which is written before a command is answered.
    init(observing card: SimulatedCard, path: String) {
        card.observe { [self] exchange in
            guard exchange.command.count >= 13, exchange.command[1] == Instruction.initializeUpdate, let response = exchange.response else { return }
            do { try note(exchange.command, response, path) } catch { state.withLock { $0.failures.append("\(error)") } }
        }
    }

    var needles: [Needle] { state.withLock { $0.needles } }
    /// Key version numbers of the sessions, in their order.
    var sessionVersions: [UInt8] { state.withLock { $0.sessions.map(\.version) } }
    var failures: [String] { state.withLock { $0.failures } }

    private func note(_ command: [UInt8], _ response: [UInt8], _ path: String) throws {
        let answer = try ResponseAPDU(bytes: response)
        guard answer.statusWord.isSuccess else { return }
        let parsed = try InitializeUpdateResponse(answer)
        let challenge = Array(command[5..<(5 + Int(command[4]))])
        for keySet in try CardFileContent(path: path).keySets(version: parsed.keyVersionNumber) {
            guard let keys = try keySet.staticKeys(), try SCP03HostSession.verifies(parsed, hostChallenge: challenge, staticKeys: keys) else { continue }
            let session = try SCP03KeyDerivation.sessionKeys(keys, hostChallenge: challenge, cardChallenge: parsed.cardChallenge)
            state.withLock { state in
                let number = state.sessions.count + 1
                state.sessions.append((parsed.keyVersionNumber, number))
                let version = Hex.encodeUpperCase([parsed.keyVersionNumber])
                let named: [(String, SecretBytes)] = [
                    ("ENC \(version)", keys.enc), ("MAC \(version)", keys.mac), ("DEK \(version)", keys.dek),
                    ("S-ENC of session \(number)", session.enc), ("S-MAC of session \(number)", session.mac), ("S-RMAC of session \(number)", session.rmac),
                ]
                for (name, key) in named {
                    let bytes = key.withUnsafeBytes { [UInt8]($0) }
                    if !state.needles.contains(where: { $0.bytes == bytes }) { state.needles.append(Needle(name, bytes)) }
                }
            }
            return
        }
        throw WitnessError(description: "no key set of the card's file answers version \(parsed.keyVersionNumber)")
    }

    private struct WitnessError: Error, CustomStringConvertible { var description: String }
}
