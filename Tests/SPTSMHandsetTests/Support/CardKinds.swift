import GlobalPlatform
import SecureComponentSimulator

/// Kinds of cards that the tests go through beside the built-in ones: each differs from a built-in profile in one thing.
extension CardProfile {
    private func changed(_ suffix: String, _ change: (inout CardProfile) -> Void) -> CardProfile {
        var profile = self
        profile.name += suffix
        change(&profile)
        return profile
    }

    /// New security domains have the issuer's keys until their own are put.
    static let inherited = eSE.changed("-inherited") { $0.firstKeys = .inherited }
    static let inheritedRandom = eSERandom.changed("-inherited") { $0.firstKeys = .inherited }
    /// Challenges, cryptograms and MACs of 16 bytes.
    static let sixteen = eSE.changed("-S16") { $0.scp03Options = [0x71] }
    static let sixteenRandom = eSERandom.changed("-S16") { $0.scp03Options = [0x61] }
    static let aes192 = eSE.changed("-AES-192") { $0.keyLength = 24 }
    static let aes256 = eSE.changed("-AES-256") { $0.keyLength = 32 }
    static let aes256Random = eSERandom.changed("-AES-256") { $0.keyLength = 32 }
    /// Proves none of its answers: SCP03 without response MACs.
    static let bare = eSE.changed("-bare") { $0.scp03Options = [0x00] }

    /// All kinds that prove their answers.
    static let proving: [CardProfile] = builtIn.filter { $0.scp03Parameter.supportsResponseMAC }
        + [inherited, inheritedRandom, sixteen, sixteenRandom, aes192, aes256, aes256Random]
    static let unproving: [CardProfile] = builtIn.filter { !$0.scp03Parameter.supportsResponseMAC } + [bare]

    /// The same with room for so many bytes only.
    func with(memory: UInt32) -> CardProfile { changed("-\(memory)") { $0.nonVolatileMemory = memory } }

    /// Requests of a whole deployment with the final report (design section 4), and of a termination.
    var deploymentTrips: Int { scp03Parameter.hasPseudoRandomChallenge ? 2 : firstKeys == .inherited ? 5 : 4 }
    /// Of an update within the security domain: with the issuer's rules unchanged, and with a session of his.
    var updateTrips: Int { scp03Parameter.hasPseudoRandomChallenge ? 2 : 3 }
    var updateTripsWithIssuer: Int { scp03Parameter.hasPseudoRandomChallenge ? 2 : 4 }
    var terminationTrips: Int { scp03Parameter.hasPseudoRandomChallenge ? 2 : 4 }
}
