import SecureComponentSimulator
@testable import SPTSMHandset
import TSMAPI
import Testing
import TrustedServiceModel

@Suite("load files that are too long for some cards")
struct LongLoadFileTests {
    @Test("long MACs leave no room for 60 kB: 8 before anything changes, at creation and at deployment; short ones do")
    func longMACs() async throws {
        try await withBench { bench in
            var long = bench.catalogue.document
            long.loadFiles[0].size = 60_000
            let card = try await bench.card(.sixteen)
            let before = card.image
            let handset = try Handset(bench, card)
            bench.catalogue.state.withLock { [long] in $0.changed = long }
            let refused = await handset.create()
            #expect(refused.executionStatus == .noEligibleSecureComponent && refused.serviceInstance == nil)
            #expect(refused.executionMessage.contains("57088 bytes") && refused.executionMessage.contains("f054534d530101"), "\(refused.executionMessage)")
            bench.catalogue.state.withLock { $0.changed = nil }
            let id = try #require(await handset.create().serviceInstance?.id)
            bench.catalogue.state.withLock { [long] in $0.changed = long }
            let failed = await handset.deploy(id)
            #expect(failed.processInfo.executionStatus == .noEligibleSecureComponent && failed.processInfo.executionMessage.contains("57088 bytes"), "\(failed.processInfo.executionMessage)")
            #expect(failed.serviceInstanceState == .notDeployed)
            #expect(card.image.registry == before.registry && card.image.accessRules == before.accessRules)
            let other = try Handset(bench, try await bench.card(.eSE, number: 2), device: "device-2")
            #expect(await other.create().executionStatus == .noError)
            bench.catalogue.state.withLock { $0.changed = nil }
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
        }
    }
}
