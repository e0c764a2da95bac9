import Cryptography
import Foundation
import GlobalPlatform
import GRDB
import HTTP2
import Logging
import Testing
import TSMAPI

extension EndToEnd {
    @Suite("soak", .serialized, .testbed("--lease", "3"))
    struct SoakSuite {
        @Test("every service is killed at random moments of many deployments: all become OPERATIONAL, one security domain each, no key set too many, sound stores")
        func killedServices() async throws { try await Soak().run() }
    }
}

/// Deployments side by side while services die.
///
/// 16, and each service is killed once; with `make soak` 200, each service three times, in rounds until `SOAK_MINUTES` are over.
/// `SOAK_SEED` chooses the moments.
struct Soak {
    private static let environment = Foundation.ProcessInfo.processInfo.environment
    private static let services = ["sp-tsm-handset", "sp-tsm-provider", "gateway-handset", "gateway-provider", "sp-tsm-key-vault", "issuer-1-key-vault", "issuer-1-sei-tsm"]

    let isLong = environment["TSMS_SOAK"] != nil
    let seed = environment["SOAK_SEED"].flatMap { UInt64($0) } ?? 20_261_125
    let minutes = environment["SOAK_MINUTES"].flatMap { Double($0) } ?? 10
    var deployments: Int { isLong ? 200 : 16 }

    func run() async throws {
        let testbed = try RunningTestbed.required()
        let directory = try TemporaryDirectory()
        let clock = ContinuousClock()
        let end = clock.now + .seconds(isLong ? minutes * 60 : 0)
        var generator = SeededGenerator(seed: seed)
        var cards: [IssuedCards.Card] = []
        var round: UInt8 = 0
        repeat {
            cards += try await deploy(testbed, round, in: directory.path, using: &generator)
            round += 1
        } while clock.now < end && round < .max
        try await checkStores(testbed, cards)
    }

    private func deploy(_ testbed: RunningTestbed, _ round: UInt8, in directory: String, using generator: inout SeededGenerator) async throws -> [IssuedCards.Card] {
        let issuer = IssuedCards(testbed: testbed)
        let cards = try await issuer.make(deployments, batch: round, in: directory)
        // Registration, query, creation with its report, deployment with its report: none does with less.
        let reaper = Reaper(Self.services, times: isLong ? 3 : 1, among: deployments * 5, using: &generator)
        let plan = reaper.plan
        let url = try #require(URL(string: testbed.file.gateway.handsetURL))
        let transports = try (0..<min(20, deployments)).map { _ in try HTTP2BackendTransport(origin: url, trustAnchors: testbed.file.gateway.ca, timeout: .seconds(10), logger: Logger(label: "soak")) }
        let handsets = try cards.enumerated().map { place, card in
            try SoakHandset(testbed, card, transport: ReapedTransport(inner: transports[place % transports.count], reaper: reaper))
        }
        let service = try testbed.service()
        let patience = Duration.seconds(isLong ? 240 : 45)
        let reaping = Task { try await reaper.run(testbed) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for handset in handsets { group.addTask { try await handset.deploy(service, issuer: issuer, patience: patience) } }
            try await group.waitForAll()
        }
        reaper.finish()
        try await reaping.value
        for transport in transports { await transport.shutdown() }

        let name = "SOAK_SEED=\(seed), round \(round)"
        #expect(reaper.killed.count == plan.count, "\(name): of \(plan.count) deaths only \(reaper.killed)")
        for handset in handsets where !handset.told.isOperational {
            Issue.record("\(name): card \(handset.card.id) never became OPERATIONAL; \(plan); it was told \(handset.told.failures.suffix(8))")
        }
        print("soak: \(name): \(handsets.count) deployments, killed \(plan); \(handsets.reduce(0) { $0 + $1.told.failures.count }) calls failed on the way, \(handsets.reduce(0) { $0 + $1.told.releases }) releases by the issuer's operator")
        return cards
    }

    /// All services are killed once more, with nothing under way, and started again for the end of the suite.
    private func checkStores(_ testbed: RunningTestbed, _ cards: [IssuedCards.Card]) async throws {
        // Processes whose last answer was lost end with their leases.
        let live = try StoreCopies.live(testbed, "sp-tsm-handset")
        _ = try await wait(upTo: .seconds(30)) { try Self.count("dialog WHERE ended = 0", live) == 0 ? true : nil }
        try live.close()
        for name in Self.services { try await testbed.kill(name) }
        let copies = StoreCopies()
        let stores = try copies.take(testbed, Self.services)
        for (name, queue) in stores { try StoreCopies.check(name, queue) }
        try checkKeys(stores, cards)
        for (name, condition) in [("sp-tsm-handset", "ended = 0"), ("issuer-1-sei-tsm", "status = 'open'")] {
            let open = try Self.count("dialog WHERE \(condition)", try #require(stores[name]))
            #expect(open == 0, "\(name) has \(open) open dialogs")
        }
        for queue in stores.values { try queue.close() }
        for name in ["sp-tsm-key-vault", "issuer-1-key-vault", "issuer-1-sei-tsm", "sp-tsm-provider", "sp-tsm-handset", "gateway-provider", "gateway-handset"] { try await testbed.restart(name) }
    }

    private static func count(_ rows: String, _ queue: DatabaseQueue) throws -> Int { try queue.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM \(rows)") ?? 0 } }

    /// Every card has one security domain with one key set, and the SP TSM's vault holds these and no others.
    private func checkKeys(_ stores: [String: DatabaseQueue], _ cards: [IssuedCards.Card]) throws {
        var onCards: Set<[UInt8]> = []
        for card in cards {
            let content = try CardFileContent(path: card.path)
            let sets = content.applications.compactMap(\.domain).flatMap(\.keySets).filter { $0.version == 0x31 }
            #expect(sets.count == 1, "card \(card.id) has \(sets.count) key sets of the SP TSM")
            #expect(content.applications.count { $0.domain != nil } == 2, "card \(card.id) has \(content.applications.count { $0.domain != nil }) security domains, the issuer's included")
            for set in sets { onCards.insert(try set.keys.flatMap { try aesKeyCheckValue(SecretBytes(copying: $0.value.bytes)) }) }
        }
        let vault = try #require(stores["sp-tsm-key-vault"])
        let rows = try vault.read { db in
            try Row.fetchAll(db, sql: "SELECT state, key_check_values FROM key_set WHERE state IN ('pending', 'live')").map { row -> (state: String, values: [UInt8]) in
                let values: Data = row["key_check_values"]
                return (row["state"], Array(values))
            }
        }
        let live = rows.filter { $0.state == "live" }.map(\.values)
        #expect(Set(live) == onCards && live.count == onCards.count, "the SP TSM's vault has \(live.count) live key sets, the cards \(onCards.count)")
        let issuers = try #require(stores["issuer-1-key-vault"])
        let first = try issuers.read { db in try String.fetchAll(db, sql: "SELECT state FROM key_set WHERE state IN ('pending', 'live') AND purpose LIKE 'supplementary%'") }
        #expect(first.count { $0 == "live" } == cards.count, "the issuer's vault has \(first.count { $0 == "live" }) live first key sets, and \(cards.count) domains are there")
        withKnownIssue("a key set made in a batch whose answer was lost together with the process that asked for it stays pending in the vault: no card holds it, and nobody knows of it", isIntermittent: true) {
            #expect(rows.count == live.count && first.allSatisfy { $0 == "live" }, "pending: \(rows.count - live.count) of the SP TSM, \(first.count { $0 == "pending" }) of the issuer")
        }
    }
}
