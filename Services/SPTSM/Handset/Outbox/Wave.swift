import Foundation
import GRDB

/// What came of results that were sent side by side to one SPOS, and what it means for the outbox: settled in one transaction.
struct Wave: Sendable {
    struct Report: Sendable {
        var accepted = 0
        var discarded = 0
        /// IDs of those that have become dead letters by their own attempt.
        var dead: Set<String> = []
        /// Dead letters for want of an SPOS that can be reached.
        var givenUpUntried = 0
        /// Seconds from the end of the process to the acceptance.
        var ages: [Double] = []
        /// The SPOS is left alone for a while.
        var isPaused = false
    }

    let service: String
    /// Nil: there is nobody to send it to.
    let outcomes: [(ClaimedResult, DeliveryOutcome?)]
    let settings: OutboxSettings
    let now: Date
    let random: @Sendable (Int) -> [UInt8]

    func settle(in db: Database) throws -> Report {
        var report = Report()
        let time = now.timeIntervalSince1970
        for (result, outcome) in outcomes {
            switch outcome {
            case nil:
                try OutboxStore.discard(result, now: now, in: db)
                report.discarded += 1
            case .accepted:
                try OutboxStore.settle(result, .delivered, error: nil, now: now, in: db)
                report.accepted += 1
                report.ages.append(max(0, time - result.created))
            case .interrupted:
                // It stays claimed until its lease is over.
                report.isPaused = true
            case .refused, .unavailable:
                let reason = outcome?.reason ?? ""
                if time - result.created >= settings.retryFor {
                    try OutboxStore.settle(result, .dead, error: reason, now: now, in: db)
                    report.dead.insert(result.id)
                } else {
                    try OutboxStore.postpone(result, until: time + pause(after: result.attempts + 1), error: reason, in: db)
                }
            }
        }
        try settlePause(&report, in: db)
        return report
    }

    /// One that answers is there, whatever it thinks of single results. One that does not gets a pause for all that waits for it.
    private func settlePause(_ report: inout Report, in db: Database) throws {
        var away: (reason: String, retryAfter: Double?)?
        var answers = false
        for (_, outcome) in outcomes {
            switch outcome {
            case .accepted, .refused: answers = true
            case .unavailable(let reason, let asked): away = (reason, max(asked ?? 0, away?.retryAfter ?? 0))
            case nil, .interrupted: break
            }
        }
        let time = now.timeIntervalSince1970
        if let away, !answers {
            let failures = try OutboxStore.failures(service: service, in: db) + 1
            try OutboxStore.pause(service: service, failures: failures, until: time + pause(after: failures, asked: away.retryAfter), reason: away.reason, in: db)
            report.givenUpUntried = try OutboxStore.giveUp(service: service, before: time - settings.retryFor, reason: away.reason, now: now, in: db)
            report.isPaused = true
        } else if let asked = away?.retryAfter, asked > 0, let reason = away?.reason {
            try OutboxStore.pause(service: service, failures: 0, until: time + min(asked, settings.longestDelay), reason: reason, in: db)
            report.isPaused = true
        } else if answers {
            try OutboxStore.endPause(service: service, in: db)
        }
    }

    private func pause(after failures: Int, asked: Double? = nil) -> Double {
        RetryDelay(settings).pause(after: failures, random: random(2), asked: asked)
    }
}
