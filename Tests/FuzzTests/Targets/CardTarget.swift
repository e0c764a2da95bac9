import Cryptography
import GlobalPlatform
@testable import SecureComponentSimulator

/// The simulated card under sequences of C-APDUs, each after a byte with its length; a length of 0 takes the power away and gives it back.
struct CardTarget: FuzzTarget {
    static let name = "card"

    func run(_ bytes: [UInt8]) throws {
        let key = SecretBytes(copying: [UInt8](repeating: 0x40, count: 16))
        var profile = CardProfile.eSE
        profile.maximumFailedAuthentications = 255
        let card = try SimulatedCard.personalized(
            profile: profile, isdKeys: SCP03StaticKeys(enc: key, mac: key, dek: key), issuerIdentificationNumber: [0x12, 0x34], cardImageNumber: [0xCA, 0xFE],
            keyDiversificationData: [UInt8](repeating: 7, count: 10), random: Counting())
        let before = (card.image.applications.count, card.image.loadFiles.count)
        var rest = bytes[...]
        while let length = rest.popFirst() {
            guard length > 0 else {
                card.reset()
                continue
            }
            let answer = try card.transmit(Array(rest.prefix(Int(length))))
            rest = rest.dropFirst(Int(length))
            require(answer.count >= 2 && answer.count <= 258, "an answer of \(answer.count) bytes")
        }
        // Nobody here knows a key.
        require((card.image.applications.count, card.image.loadFiles.count) == before, "content changed without authentication")
    }

    /// Repeatable: a finding can be run again.
    private final class Counting: RandomSource {
        func bytes(_ count: Int) throws(CryptographyError) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0) } }
    }
}
