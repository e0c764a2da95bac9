import Foundation
import GRDB
import HTTP2
import Logging
import Testing
import TSMAPI
import TrustedServiceModel

/// Handsets suspend and resume while the handset plane and the online service are killed, and requests between them are lost half way.
///
/// `make test` takes 100 results, `make soak` 1000. `SOAK_SEED` chooses the moments.
struct ExactlyOnce {
    private static let environment = Foundation.ProcessInfo.processInfo.environment

    private let isLong = environment["TSMS_SOAK"] != nil
    private let seed = environment["SOAK_SEED"].flatMap { UInt64($0) } ?? 20_261_125
    private var handsets: Int { isLong ? 20 : 5 }
    /// For each handset, beside the deployment.
    private var processes: Int { isLong ? 49 : 19 }
    private var deaths: Int { isLong ? 12 : 4 }

    func run() async throws {
        let testbed = try RunningTestbed.required()
        let inbox = Inbox(testbed)
        let directory = try TemporaryDirectory()
        let cards = try await IssuedCards(testbed: testbed).make(handsets, batch: 200, in: directory.path)
        try inbox.misbehave(["error": 0.1, "drop": 0.1, "loseAnswer": 0.15])
        let done = Progress()
        let killing = Task { try await kill(testbed, done) }
        let transport = try HTTP2BackendTransport(origin: try #require(URL(string: testbed.file.gateway.handsetURL)), trustAnchors: testbed.file.gateway.ca, timeout: .seconds(10), logger: Logger(label: "spos"))
        let service = try testbed.service()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for card in cards {
                group.addTask { try await ReportingHandset(testbed, card, transport: transport).run(service, processes: processes, done) }
            }
            try await group.waitForAll()
        }
        await transport.shutdown()
        done.end()
        try await killing.value
        try await check(testbed, inbox, succeeded: done.succeeded)
    }

    /// At moments that lie evenly over the work, each a little to one side.
    private func kill(_ testbed: RunningTestbed, _ done: Progress) async throws {
        var generator = SeededGenerator(seed: seed)
        let total = handsets * (processes + 1)
        for death in 0..<deaths {
            let share = (Double(death) + Double.random(in: 0.2..<0.8, using: &generator)) / Double(deaths)
            guard await done.reach(Int(share * Double(total))) else { return }
            let name = death % 2 == 0 ? "sp-tsm-handset" : "spos"
            try await testbed.kill(name)
            // Long enough for what was under way to be lost, and for pauses to begin.
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...400, using: &generator)))
            try await testbed.restart(name)
        }
    }

    /// What the handset plane's journal has as a process's result is what must have come.
    private func check(_ testbed: RunningTestbed, _ inbox: Inbox, succeeded: [String]) async throws {
        // Processes that were cut off end with their leases.
        let store = "\(testbed.directory(of: try testbed.process("sp-tsm-handset")))/data/store.sqlite"
        var reading = Configuration()
        reading.readonly = true
        let queue = try DatabaseQueue(path: store, configuration: reading)
        let settled = try await wait(upTo: .seconds(isLong ? 300 : 90)) {
            try await queue.read { db in
                try Int.fetchOne(db, sql: "SELECT count(*) FROM dialog WHERE ended = 0") == 0 && Int.fetchOne(db, sql: "SELECT count(*) FROM spos_result WHERE state = 0") == 0
            } ? true : nil
        }
        try inbox.misbehave(nil)
        let standing = try await queue.read { db in try Row.fetchAll(db, sql: "SELECT state, count(*) AS count, max(last_error) AS error FROM spos_result GROUP BY state").map { "\($0)" } }
        #expect(settled == true, "SOAK_SEED=\(seed): not everything was sent: \(standing)")
        let ended = try await queue.read { db in
            try String.fetchAll(db, sql: "SELECT body FROM journal WHERE kind = 'result' ORDER BY id").compactMap { body -> TrustedServiceModel.ProcessInfo? in
                guard let outcome = try JSONDecoder().decode(HandsetAPI.DialogAnswer.self, from: Data(body.utf8)).result, let info = outcome.toldProcess, !info.processId.isEmpty else { return nil }
                return info
            }
        }
        try queue.close()

        let entries = try inbox.entries().filter { !$0.result.processId.isEmpty }
        let (expected, came) = (ended.map(\.processId), entries.map(\.id))
        #expect(Set(came).count == came.count, "SOAK_SEED=\(seed): a process is in the inbox twice")
        #expect(Set(expected).subtracting(came).isEmpty, "SOAK_SEED=\(seed): lost")
        #expect(Set(came).subtracting(expected).isEmpty, "SOAK_SEED=\(seed): from nowhere")
        #expect(Set(succeeded).subtracting(came).isEmpty, "SOAK_SEED=\(seed): what an app was told is not there")
        #expect(succeeded.count >= handsets * processes * 9 / 10, "SOAK_SEED=\(seed): only \(succeeded.count) processes succeeded")
        let place = Dictionary(uniqueKeysWithValues: expected.enumerated().map { ($1, $0) })
        for (instance, results) in Dictionary(grouping: entries, by: \.result.serviceInstanceId) {
            let places = results.compactMap { place[$0.id] }
            #expect(places == places.sorted(), "SOAK_SEED=\(seed): results of instance \(instance) came out of order")
        }
        let told = Dictionary(uniqueKeysWithValues: ended.map { ($0.processId, $0) })
        #expect(entries.allSatisfy { told[$0.id]?.executionStatus == $0.result.executionStatus && told[$0.id]?.endDate == $0.result.endDate })
        let repeated = try inbox.entries("duplicates.jsonl").count
        #expect(repeated > 0, "no answer was ever lost: the test proves nothing")
        print("results: SOAK_SEED=\(seed): \(came.count) results once each, \(repeated) repetitions, \(deaths) services killed, \(entries.count { $0.result.executionStatus != .noError }) of processes that failed")
    }
}

extension HandsetAPI.Outcome {
    fileprivate var toldProcess: TrustedServiceModel.ProcessInfo? {
        switch self {
        case .deployed(let result), .updated(let result): result.processInfo
        case .suspendedOrResumed(let result): result.processInfo
        case .terminated(let result): result.processInfo
        default: nil
        }
    }
}
