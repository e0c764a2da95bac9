import Foundation
import GlobalPlatform
import GRDB
import Testing
import TrustedServiceModel

extension EndToEnd.Killed {
    @Test("killed in the middle of a deployment: the app is told, the stores are sound, the next deployment completes",
          arguments: ["sp-tsm-handset", "issuer-1-sei-tsm", "sp-tsm-key-vault", "issuer-1-key-vault", "gateway-handset"])
    func killed(_ name: String) async throws { try await KilledProcess(name: name, report: 1).run() }

    @Test("the provider plane is killed in the middle of a deployment: it completes from the pinned document")
    func providerKilled() async throws {
        let testbed = try RunningTestbed.required()
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            let id = try await handset.create(testbed).id
            handset.transport.beforeReport { _ in try await testbed.kill("sp-tsm-provider") }
            let result = await handset.deploy(id)
            try await testbed.restart("sp-tsm-provider")
            #expect(result.serviceInstanceState == .operational, "\(result.processInfo.executionMessage)")
            try await handset.clear(testbed)
        }
    }
}

extension EndToEnd.KilledRandomChallenges {
    @Test("killed before each of a deployment's reports: the app is told, the stores are sound, the next deployment completes",
          arguments: ["sp-tsm-handset", "sp-tsm-key-vault"], 1...3)
    func killed(_ name: String, _ report: Int) async throws { try await KilledProcess(name: name, report: report).run() }
}

/// A process is killed when the card has carried out an order and nobody in the TSM knows yet.
struct KilledProcess {
    let name: String
    /// Before which report of the deployment.
    let report: Int

    func run() async throws {
        let (testbed, name) = (try RunningTestbed.required(), name)
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            let before = handset.content
            let id = try await handset.create(testbed).id
            handset.transport.beforeReport(report) { _ in try await testbed.kill(name) }
            let failed = await handset.deploy(id)
            #expect(!ProcessTable.isRunning(try testbed.process(name).pid), "\(name) was never killed: \(failed.processInfo.executionMessage)")
            let told = failed.processInfo
            #expect([.tsmNotAvailable, .networkConnectionError, .issuerError, .executionInterrupted].contains(told.executionStatus), "\(told)")
            #expect(told.executionMessage.hasPrefix(told.executionStatus.title + ": ") && told.executionMessage.count > told.executionStatus.title.count + 12, "\(told.executionMessage)")
            #expect(failed.serviceInstanceState != .operational)
            #expect(failed.serviceCommandResults.count == 3)

            try checkStore(testbed)
            try await testbed.restart(name)
            // Inside the lease the instance is busy, or the issuer is with the card: both say so.
            let result = try #require(try await wait(upTo: .seconds(45)) {
                let result = await handset.deploy(id)
                if result.processInfo.executionStatus == .noError { return result }
                #expect([.notAllowed, .issuerError, .tsmNotAvailable, .executionInterrupted].contains(result.processInfo.executionStatus), "\(result.processInfo.executionMessage)")
                return nil
            }, "after \(told.executionMessage): no deployment completes")
            #expect(result.serviceInstanceState == .operational)
            #expect(try await handset.instances(testbed).map(\.state) == [.operational])
            // One security domain, not two.
            let domains = Set(handset.content.registry.subtracting(before.registry).compactMap(\.securityDomain)).subtracting([.issuerSecurityDomain])
            #expect(domains.count == 1, "\(domains)")
            let terminated = await handset.terminate(id)
            #expect(terminated.processInfo.executionStatus == .noError, "\(terminated.processInfo.executionMessage)")
            #expect(handset.content == before)
        }
    }

    /// A copy of the store as the killed process left it, opened as SQLite itself recovers it.
    private func checkStore(_ testbed: RunningTestbed) throws {
        let data = testbed.directory(of: try testbed.process(name)) + "/data"
        guard FileManager.default.fileExists(atPath: data) else {
            #expect(name.hasPrefix("gateway"), "\(name) has no store")
            return
        }
        let copy = try TemporaryDirectory()
        for file in try FileManager.default.contentsOfDirectory(atPath: data) { try FileManager.default.copyItem(atPath: "\(data)/\(file)", toPath: "\(copy.path)/\(file)") }
        let stores = try FileManager.default.contentsOfDirectory(atPath: copy.path).filter { $0.hasSuffix(".sqlite") || $0.hasSuffix(".db") }
        try #require(stores.count == 1, "\(name)'s store is not where it is looked for: \(stores)")
        let queue = try DatabaseQueue(path: "\(copy.path)/\(stores[0])")
        let verdict = try queue.read { db in
            (integrity: try String.fetchAll(db, sql: "PRAGMA integrity_check"), foreign: try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count,
             tables: try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema WHERE type = 'table'") ?? 0)
        }
        #expect(verdict.integrity == ["ok"] && verdict.foreign == 0 && verdict.tables > 1, "\(name): \(verdict)")
        try queue.close()
    }
}
