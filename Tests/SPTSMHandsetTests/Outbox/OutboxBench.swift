import DeploymentDocument
import Foundation
import Logging
import ServiceKit
@testable import SPTSMHandset
import Synchronization
import TrustedServiceModel

/// An online service without a network: says of each result what a test wants, and remembers what it took.
final class ScriptedSPOS: ResultSender {
    private struct State: Sendable {
        var taken: [String] = []
        var attempts: [String] = []
        var answer: (@Sendable (ClaimedResult) async -> DeliveryOutcome)?
    }

    private let state = Mutex(State())

    /// IDs that it accepted, each attempt, in order.
    var taken: [String] { state.withLock { $0.taken } }
    var attempts: [String] { state.withLock { $0.attempts } }

    /// What it says from now on; nil: it accepts.
    func answers(_ answer: (@Sendable (ClaimedResult) async -> DeliveryOutcome)?) { state.withLock { $0.answer = answer } }

    func send(_ result: ClaimedResult) async -> DeliveryOutcome {
        let answer = state.withLock { state in
            state.attempts.append(result.id)
            return state.answer
        }
        let outcome = await answer?(result) ?? .accepted
        if outcome == .accepted { state.withLock { $0.taken.append(result.id) } }
        return outcome
    }

    func shutdown() async {}
}

/// An outbox on disk, online services by URL, and a clock.
final class OutboxBench: Sendable {
    let directory = FileManager.default.temporaryDirectory.appending(path: "outbox-\(UUID().uuidString)")
    let clock = TestClock()
    let store: Store
    let outbox: Outbox
    /// By Service; without an entry it has none.
    let addresses = Mutex<[String: SPOSAddress]>([:])
    let services: Mutex<[String: ScriptedSPOS]> = Mutex([:])
    let logs = OutboxLog()
    let catalogueIsAway = Mutex(false)

    init(_ settings: OutboxSettings = OutboxSettings()) throws {
        var logger = Logger(label: "outbox")
        logger.logLevel = .critical
        store = try Store.open(directory: directory.path, migrations: HandsetMigrations.all, logger: logger)
        outbox = Outbox(store: store, settings: settings)
    }

    /// The SPOS of a Service, made with the Service.
    @discardableResult
    func spos(_ service: String, at url: String? = nil) -> ScriptedSPOS {
        let document = SposDocument(sposConfigId: "config", url: url ?? "https://\(service).example", certificatePEM: "")
        addresses.withLock { $0[service] = .spos(document) }
        return listening(document.url)
    }

    func listening(_ url: String) -> ScriptedSPOS {
        services.withLock { services in
            if let known = services[url] { return known }
            let made = ScriptedSPOS()
            services[url] = made
            return made
        }
    }

    /// As after a start of the handset plane.
    func delivery() -> ResultDelivery {
        let directory = SPOSDirectory { document throws(SPOSTargetError) in
            guard document.url.hasPrefix("https://") else { throw SPOSTargetError("not https") }
            return self.listening(document.url)
        }
        let clock = clock
        return ResultDelivery(
            outbox: outbox,
            address: { service async throws(TSMFailure) in
                if self.catalogueIsAway.withLock({ $0 }) { throw TSMFailure(.tsmNotAvailable, "away") }
                return self.addresses.withLock { $0[service] } ?? .nowhere
            },
            directory: directory,
            environment: ServiceEnvironment(now: { clock.now }, uuid: ServiceEnvironment.system.uuid, randomBytes: { [UInt8](repeating: 0xFF, count: $0) }), logger: logs.logger)
    }

    /// - Parameter id: `instance/number`, by default.
    func put(_ id: String, instance: String? = "i", service: String = "s", owner: String = "sp", isProcess: Bool = true, pinned: SposDocument? = nil) async throws -> Bool {
        let result = ProcessResult(
            processId: isProcess ? id : "", executionStatus: .noError, executionMessage: "", startDate: WireDate.text(clock.now), endDate: WireDate.text(clock.now), serviceId: service,
            versionTag: "1.0.0", serviceInstanceId: instance ?? "", requestedOperations: [.suspension], serviceStartState: .operational, serviceEndState: .suspended)
        let entry = OutboxEntry(id: id, orderKey: instance ?? id, serviceProviderId: owner, serviceId: service, isProcess: isProcess, result: result, pinned: pinned, trace: nil)
        let now = clock.now
        return try await store.write { db in try self.outbox.insert(entry, at: now, in: db) }
    }

    func states() async throws -> [String: Outbox.Letter.State] {
        var states: [String: Outbox.Letter.State] = [:]
        for state in Outbox.Letter.State.allCases { for letter in try await outbox.letters(state, limit: 1000) { states[letter.id] = state } }
        return states
    }
}

func withOutbox(_ settings: OutboxSettings = OutboxSettings(), _ body: (OutboxBench) async throws -> Void) async throws {
    let bench = try OutboxBench(settings)
    do {
        try await body(bench)
    } catch {
        try? await bench.store.close()
        throw error
    }
    try await bench.store.close()
    try FileManager.default.removeItem(at: bench.directory)
}

/// What was logged, at notice and above.
final class OutboxLog: Sendable {
    private let recorded = Mutex<[String]>([])
    var lines: [String] { recorded.withLock { $0 } }

    var logger: Logger {
        Logger(label: "outbox") { _ in Handler(log: self) }
    }

    private struct Handler: LogHandler {
        let log: OutboxLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.notice
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) {
            let line = "\(event.level) \(event.message) \(event.metadata ?? [:])"
            log.recorded.withLock { $0.append(line) }
        }
    }
}
