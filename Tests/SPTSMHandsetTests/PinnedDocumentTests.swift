import DeploymentDocument
import GRDB
@testable import SPTSMHandset
import TSMAPI
import Testing
import TrustedServiceModel

@Suite("deployment documents are stored once, and read when they are needed")
struct PinnedDocumentTests {
    private func documents(_ bench: TSMBench) async throws -> Int {
        try await bench.handsetStore.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM document") ?? -1 }
    }

    @Test("instances of one Flavor share a document, which goes after the last of them")
    func shared() async throws {
        try await withBench { bench in
            var ids: [(Handset, String)] = []
            for number in 1...3 {
                let handset = try Handset(bench, try await bench.card(number: UInt8(number)), device: "device-\(number)")
                ids.append((handset, try #require(await handset.create().serviceInstance?.id)))
            }
            #expect(try await documents(bench) == 1)
            let record = try #require(try await bench.engine.store.instance(id: ids[0].1, owner: FixedCatalogue.provider))
            #expect(record.document.content == bench.catalogue.document)
            #expect(record.document == (try PinnedDocument(bench.catalogue.document)))
            #expect(try record.document.replaced(by: bench.catalogue.document) == record.document)
            for (handset, id) in ids {
                try await bench.engine.forgetOld()
                #expect(try await documents(bench) == 1)
                #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
            }
            try await bench.engine.forgetOld()
            #expect(try await documents(bench) == 0)
        }
    }

    @Test("a changed Flavor is another document; who has the old one keeps it")
    func changed() async throws {
        try await withBench { bench in
            let first = try Handset(bench, try await bench.card())
            let id = try #require(await first.create().serviceInstance?.id)
            var changed = bench.catalogue.document
            changed.flavorName = "another"
            bench.catalogue.state.withLock { [changed] in $0.changed = changed }
            let second = try Handset(bench, try await bench.card(number: 2), device: "device-2")
            let other = try #require(await second.create().serviceInstance?.id)
            #expect(try await documents(bench) == 2)
            #expect(try await bench.engine.store.instance(id: id, owner: FixedCatalogue.provider)?.document.flavorName == bench.catalogue.document.flavorName)
            #expect(try await bench.engine.store.instance(id: other, owner: FixedCatalogue.provider)?.document.flavorName == "another")
            // Deploying takes what is published now.
            #expect(await first.deploy(id).serviceInstanceState == .operational)
            #expect(try await bench.engine.store.instance(id: id, owner: FixedCatalogue.provider)?.document.flavorName == "another")
        }
    }

    @Test("records that hold the document themselves, as they were written once, are read, and written anew with the next change")
    func older() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            try await bench.handsetStore.write { db in
                try db.execute(sql: """
                    UPDATE instance SET record = json_set(record, '$.document', json((SELECT body FROM document WHERE digest = document_digest)));
                    UPDATE instance SET document_digest = NULL;
                    DELETE FROM document;
                    """)
            }
            bench.restartPlane()
            #expect(try await bench.engine.store.instance(id: id, owner: FixedCatalogue.provider)?.document.content == bench.catalogue.document)
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            #expect(try await documents(bench) == 1)
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
        }
    }
}
