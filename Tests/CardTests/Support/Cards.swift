import Cryptography
import Foundation
import GlobalPlatform
import SecureComponent
import SecureComponentSimulator
import Synchronization

/// Cards and keys that tests share.
enum Cards {
    static let keyBytes: [[UInt8]] = [[0x41], [0x52], [0x63]].map { first in (0..<16).map { first[0] &+ UInt8($0) } }
    static let diversification: [UInt8] = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]

    static func keys() throws -> SCP03StaticKeys {
        try SCP03StaticKeys(enc: SecretBytes(copying: keyBytes[0]), mac: SecretBytes(copying: keyBytes[1]), dek: SecretBytes(copying: keyBytes[2]))
    }

    static func make(_ profile: CardProfile = .eSE) throws -> SimulatedCard {
        try SimulatedCard.personalized(profile: profile, isdKeys: keys(), issuerIdentificationNumber: [0x54, 0x53, 0x4D, 0x53, 0x01], cardImageNumber: [1, 2, 3, 4, 5, 6],
                                       keyDiversificationData: diversification)
    }
}

/// Answers from a list, and counts what happens to it.
final class ListedCard: AttachableCard {
    private struct State {
        var answers: [Result<[UInt8], SecureComponentError>]
        var commands: [[UInt8]] = []
        var resets = 0
    }

    let atr: [UInt8]
    private let state: Mutex<State>

    init(_ answers: [Result<[UInt8], SecureComponentError>], atr: [UInt8] = [0x3B, 0x80, 0x01, 0x81]) {
        self.atr = atr
        state = Mutex(State(answers: answers))
    }

    /// Hexadecimal answers.
    convenience init(_ answers: String..., atr: [UInt8] = [0x3B, 0x80, 0x01, 0x81]) {
        self.init(answers.map { .success((try? Hex.decode($0)) ?? []) }, atr: atr)
    }

    var commands: [String] { state.withLock { $0.commands.map { Hex.encode($0) } } }
    var resets: Int { state.withLock { $0.resets } }

    func transmit(_ command: [UInt8]) throws(SecureComponentError) -> [UInt8] {
        let answer = state.withLock { state -> Result<[UInt8], SecureComponentError> in
            state.commands.append(command)
            return state.answers.isEmpty ? .failure(.componentLost("the list is at its end")) : state.answers.removeFirst()
        }
        return try answer.get()
    }

    func reset() { state.withLock { $0.resets += 1 } }
}
