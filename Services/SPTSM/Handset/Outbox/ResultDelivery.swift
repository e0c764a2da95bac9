import DeploymentDocument
import Foundation
import Logging
import ServiceKit
import Synchronization
import TrustedServiceModel

/// Delivers what the outbox holds (TR-03165 3.2.1, 4.3): at least once, with an ID by which the receiver tells repetitions, and results of one
/// Service Instance in their order. Each Service has its own queue and its own pauses, so that one SPOS which is slow or away holds up nobody else.
public final class ResultDelivery: Sendable {
    let outbox: Outbox
    private let address: @Sendable (_ service: String) async throws(TSMFailure) -> SPOSAddress
    let directory: SPOSDirectory
    let environment: ServiceEnvironment
    let logger: Logger
    let figures = DeliveryFigures()
    /// Services that somebody delivers for now, with their providers.
    private let busy = Mutex<[String: String]>([:])

    /// - Parameter address: where a Service's results go, asked before each wave of deliveries.
    init(outbox: Outbox, address: @escaping @Sendable (_ service: String) async throws(TSMFailure) -> SPOSAddress, directory: SPOSDirectory,
         environment: ServiceEnvironment, logger: Logger) {
        self.outbox = outbox
        self.address = address
        self.directory = directory
        self.environment = environment
        self.logger = logger
    }

    /// Delivers what is due, of all Services side by side, and returns when nothing is due any more that is not paused.
    /// - Returns: how many results were accepted.
    @discardableResult
    public func deliverDue() async throws -> Int {
        let services = try await dueServices()
        return await withTaskGroup(of: Int.self) { group in
            for service in services { group.addTask { await self.deliver(service) } }
            return await group.reduce(0, +)
        }
    }

    /// Services with something to do, marked as busy: each of them is to be given to ``deliver(_:)``.
    func dueServices() async throws -> [OutboxStore.DueService] {
        let now = environment.now()
        let due = try await outbox.store.read { db in try OutboxStore.dueServices(now: now, in: db) }
        return busy.withLock { busy in
            due.filter { service in
                guard busy[service.id] == nil, busy.values.count(where: { $0 == service.owner }) < outbox.settings.servicesPerProvider else { return false }
                busy[service.id] = service.owner
                return true
            }
        }
    }

    /// Delivers for one Service until nothing is due or its SPOS cannot be spoken to.
    func deliver(_ service: OutboxStore.DueService) async -> Int {
        defer { busy.withLock { $0[service.id] = nil } }
        var accepted = 0
        // After a failure one result tries whether it goes again.
        var limit = service.failures > 0 ? 1 : outbox.settings.parallel
        do {
            while !Task.isCancelled {
                let (now, lease, most) = (environment.now(), outbox.settings.lease, limit)
                guard try await outbox.store.read({ db in try OutboxStore.isDue(service: service.id, now: now, in: db) }) else { break }
                let address = try await address(service.id)
                if address == .nowhere {
                    let count = try await outbox.store.write { db in try OutboxStore.discardAll(service: service.id, in: db) }
                    figures.settled(Wave.Report(discarded: count))
                    break
                }
                let claimed = try await outbox.store.write { db in try OutboxStore.claim(service: service.id, now: now, lease: lease, limit: most, in: db) }
                if claimed.isEmpty { break }
                let outcomes = await send(claimed, to: address)
                let wave = Wave(service: service.id, outcomes: outcomes, settings: outbox.settings, now: environment.now(), random: environment.randomBytes)
                let report = try await outbox.store.write { db in try wave.settle(in: db) }
                note(report, wave)
                accepted += report.accepted
                if report.isPaused { break }
                limit = outbox.settings.parallel
            }
        } catch {
            // What was claimed is due again when its lease is over; the rest was not touched.
            logger.warning("results cannot be delivered now", metadata: ["service": "\(service.id)", "error": "\(error)"])
        }
        return accepted
    }

    // MARK: sending

    private func send(_ claimed: [ClaimedResult], to address: SPOSAddress) async -> [(ClaimedResult, DeliveryOutcome?)] {
        await withTaskGroup(of: (ClaimedResult, DeliveryOutcome?).self) { group in
            for result in claimed {
                group.addTask { (result, await self.send(result, to: address)) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// - Returns: nil: there is nobody to send it to.
    private func send(_ result: ClaimedResult, to address: SPOSAddress) async -> DeliveryOutcome? {
        let document: SposDocument? = switch address {
        case .spos(let document): document
        case .pinned: result.pinned
        case .nowhere: nil
        }
        guard let document else { return nil }
        do throws(SPOSTargetError) {
            let clock = ContinuousClock(), began = clock.now
            let outcome = await (try directory.sender(document)).send(result)
            figures.attempted(outcome, elapsed: clock.now - began)
            return outcome
        } catch {
            let outcome = DeliveryOutcome.unavailable(reason: error.description)
            figures.attempted(outcome, elapsed: .zero)
            return outcome
        }
    }

    // MARK: telling

    private func note(_ report: Wave.Report, _ wave: Wave) {
        figures.settled(report)
        for (result, outcome) in wave.outcomes {
            guard let reason = outcome?.reason else { continue }
            let given = report.dead.contains(result.id)
            logger.log(level: given ? .error : .notice, given ? "a result is given up: it is a dead letter" : "a result was not accepted", metadata: [
                "service": "\(wave.service)", "process": "\(result.id)", "attempt": "\(result.attempts + 1)", "reason": "\(reason)",
            ])
        }
        if report.givenUpUntried > 0 {
            logger.error("results are given up: they are dead letters", metadata: ["service": "\(wave.service)", "count": "\(report.givenUpUntried)"])
        }
        if report.discarded > 0 { logger.debug("results of a service without SPOS were dropped", metadata: ["service": "\(wave.service)", "count": "\(report.discarded)"]) }
    }

    public func shutdown() async { await directory.shutdown() }
}
