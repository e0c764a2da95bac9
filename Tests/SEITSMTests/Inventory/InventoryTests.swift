import GlobalPlatform
import KeyVaultAPI
import SEIAPI
import Testing
@testable import SEITSMService

@Suite struct InventoryTests {
    @Test func addingIsAllOrNothingAndRepeatable() async throws {
        try await withBench { bench in
            let entries = try (1...5).map { try BenchCard(number: $0).entry }
            #expect(try await bench.engine.addComponents(Array(entries.prefix(3))) == InventoryAdded(added: 3, unchanged: 0))
            #expect(try await bench.engine.addComponents(entries) == InventoryAdded(added: 2, unchanged: 3))
            var changed = try BenchCard(number: 9).entry
            changed.cardImageNumber = entries[0].cardImageNumber
            let fresh = try BenchCard(number: 7).entry
            await expect(.invalidRequest) { try await bench.engine.addComponents([fresh, changed]) }
            #expect(try await bench.engine.components(after: nil, limit: 100).components.count == 5)
        }
    }

    @Test func pages() async throws {
        try await withBench { bench in
            _ = try await bench.engine.addComponents(try (1...5).map { try BenchCard(number: $0).entry })
            let first = try await bench.engine.components(after: nil, limit: 2)
            #expect(first.components.count == 2)
            let second = try await bench.engine.components(after: first.next, limit: 3)
            #expect(second.components.count == 3)
            #expect(try await bench.engine.components(after: second.next, limit: 3).components.isEmpty)
            let ids = (first.components + second.components).map(\.id)
            #expect(ids == ids.sorted() && Set(ids).count == 5)
            for limit in [0, -1, 1001] { await expect(.invalidRequest) { try await bench.engine.components(after: nil, limit: limit) } }
        }
    }

    @Test func blockingUnknownComponents() async throws {
        try await withBench { bench in
            await expect(.notFound) { try await bench.engine.setBlocked(true, component: "0102") }
        }
    }

    @Test func malformedEntries() throws {
        func refused(_ change: (inout InventoryEntry) -> Void, sourceLocation: SourceLocation = #_sourceLocation) throws {
            var entry = try BenchCard().entry
            change(&entry)
            #expect(throws: SEIError.self, sourceLocation: sourceLocation) { try entry.component() }
        }
        try refused { $0.issuerIdentificationNumber = HexBytes([]) }
        try refused { $0.cardImageNumber = HexBytes([UInt8](repeating: 0, count: 17)) }
        try refused { $0.profileId = "" }
        try refused { $0.keyVersionNumber = 0 }
        try refused { $0.keyVersionNumber = 0x80 }
        try refused { $0.keyLength = 17 }
        try refused { $0.scpParameter = 0x50 }
        try refused { $0.keyDiversificationData = HexBytes([1]) }
        try refused { $0.masterKeyIndex = nil }
        try refused { $0.keySetId = "both" }
    }

    @Test(arguments: [(0x70, 0x33), (0x60, 0x33), (0x30, 0x13), (0x20, 0x13), (0x10, 0x03), (0x00, 0x03)] as [(UInt8, UInt8)])
    func securityLevelIsTheHighest(parameter: UInt8, level: UInt8) throws {
        var entry = try BenchCard().entry
        entry.scpParameter = parameter
        #expect(try entry.component().securityLevel == level)
    }

    @Test func keysByReference() throws {
        var entry = try BenchCard().entry
        #expect(try entry.component().keys == .diversified(masterKeyIndex: IssuerBench.masterKey(), keyDiversificationData: entry.keyDiversificationData, scheme: .kdf3, keyVersionNumber: 0x30))
        entry.masterKeyIndex = nil
        entry.keySetId = "some-set"
        #expect(try entry.component().keys == .keySet(id: "some-set"))
    }
}
