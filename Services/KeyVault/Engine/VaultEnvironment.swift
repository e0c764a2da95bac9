import Cryptography
import Foundation

/// The world outside the vault's logic: clock, identifiers, randomness.
public struct VaultEnvironment: Sendable {
    public var now: @Sendable () -> Date
    /// A fresh random UUID, lower case.
    public var uuid: @Sendable () -> String
    /// For what others will see: host challenges, diversification data, nonces.
    public var publicRandom: any RandomSource
    /// For keys.
    public var keyRandom: any RandomSource

    public init(now: @escaping @Sendable () -> Date, uuid: @escaping @Sendable () -> String, publicRandom: any RandomSource, keyRandom: any RandomSource) {
        self.now = now
        self.uuid = uuid
        self.publicRandom = publicRandom
        self.keyRandom = keyRandom
    }

    public static let system = VaultEnvironment(
        now: { Date() }, uuid: { UUID().uuidString.lowercased() }, publicRandom: SystemRandom(), keyRandom: SystemRandom.forKeys)
}
