import GlobalPlatform
import GRDB
import KeyVaultAPI
@testable import KeyVaultService
@testable import SEITSMService
import SecureComponentSimulator
@testable import SPTSMHandset
import Synchronization
import TrustedServiceModel

/// Both TSMs and their vaults, for one case after the other: each has a card and a handset of its own.
final class FaultWorld: Sendable {
    let bench: TSMBench
    private let cards = Mutex(0)

    init() async throws { bench = try await TSMBench(catalogue: try FaultedCatalogue.make()) }

    /// Cards have numbers of one byte.
    var isWorn: Bool { cards.withLock { $0 >= 250 } }

    var domain: AID { bench.catalogue.document.service.securityDomain }

    func newCard(_ kind: FaultedCard) async throws -> (card: SimulatedCard, device: String) {
        let number = cards.withLock { $0 += 1; return $0 }
        return (try await bench.card(kind.profile, number: UInt8(number)), "device-\(number)")
    }

    func phone(_ agent: FaultedAgent, _ card: SimulatedCard, device: String) throws -> any FaultedPhone {
        switch agent {
        case .stops: try SDKPhone(bench, card, device: device)
        case .runsOn: try ForeignPhone(bench, card, device: device)
        }
    }

    /// More time goes by than handsets and SP TSMs are given, and both TSMs look at their clocks.
    func letLeasesEnd() async throws {
        bench.clock.advance(by: 61)
        _ = try await bench.engine.endExpiredDialogs()
        try await bench.sei.housekeep()
    }

    // MARK: what the stores say

    func openDialogs() async throws -> (handset: Int, issuer: Int) {
        let issuer = try await bench.issuerStore.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM dialog WHERE status = 'open'") ?? 0 }
        return (try await bench.engine.openDialogCount(), issuer)
    }

    /// Key sets that a card is said to hold, or may hold: IDs by state.
    func keySetsInUse(_ vault: VaultEngine) async throws -> [(id: String, state: String, version: Int, values: [[UInt8]])] {
        let rows = try await vault.store.read { db in
            try Row.fetchAll(db, sql: "SELECT id, state, key_version_number FROM key_set WHERE state IN ('pending', 'live')").map { row -> (String, String, Int) in
                (row["id"], row["state"], row["key_version_number"])
            }
        }
        var found: [(id: String, state: String, version: Int, values: [[UInt8]])] = []
        for (id, state, version) in rows {
            let values = vault === bench.spVault ? try await bench.keys.keySet(id: id).keyCheckValues.map(\.bytes) : []
            found.append((id, state, version, values))
        }
        return found
    }

    /// The most authentications of a key set that no vault has seen succeed.
    func unprovenAuthentications() async throws -> Int {
        var most = 0
        for vault in [bench.spVault, bench.issuerVault] {
            most = max(most, try await vault.store.read { db in try Int.fetchOne(db, sql: "SELECT max(unproven) FROM authentication") ?? 0 })
        }
        return most
    }

    func close() async throws { try await bench.close() }
}
