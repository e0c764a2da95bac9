import Testing

/// The suite's programs as real processes with mutual TLS on loopback, and handsets with simulated cards.
///
/// One after the other: a card is in one handset at a time, and the machine is shared.
@Suite("end to end", .serialized)
enum EndToEnd {
    /// With predictable challenges. Nothing in here breaks the testbed; every request between the services is logged.
    @Suite("on one testbed", .serialized, .testbed("--log-level", "debug"))
    struct Shared {}

    @Suite("cards with random challenges", .serialized, .testbed("--random-challenges"))
    struct RandomChallenges {}

    /// Planes and gateways go and come back; what is withdrawn is withdrawn for good.
    @Suite("planes apart", .serialized, .testbed("--lease", "3"))
    struct Planes {}

    @Suite("killed processes", .serialized, .testbed("--lease", "3"))
    struct Killed {}

    @Suite("killed processes, cards with random challenges", .serialized, .testbed("--lease", "3", "--random-challenges"))
    struct KilledRandomChallenges {}
}
