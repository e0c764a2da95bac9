import ServiceKit

/// Results for service providers' online services (TR-03165 4.3), as the outbox has them.
extension HandsetOperatorEngine {
    /// - Parameter parameters: `state` (waiting, delivered, dead; default dead), `after` (ID of the last one of the part before), `limit`.
    public func results(_ parameters: [(String, String)]) async throws -> [Outbox.Letter] {
        var (state, after, limit) = (Outbox.Letter.State.dead, String?.none, 100)
        for (name, value) in parameters {
            switch name {
            case "state":
                guard let known = Outbox.Letter.State(rawValue: value) else {
                    throw OperatorError(.invalidRequest, "state: \(Outbox.Letter.State.allCases.map(\.rawValue).joined(separator: ", ")) is expected")
                }
                state = known
            case "after": after = value
            case "limit":
                guard let number = Int(value), (1...1000).contains(number) else { throw OperatorError(.invalidRequest, "limit: 1 to 1000 is expected") }
                limit = number
            default: throw OperatorError(.invalidRequest, "\(name.prefix(40)) is no filter here; there are after, limit, state")
            }
        }
        return try await engine.outbox.letters(state, after: after, limit: limit)
    }

    /// Sends again what was given up.
    public func resendResults(_ which: HandsetOperatorAPI.Resend, who: String) async throws -> HandsetOperatorAPI.Resent {
        let action = action(.resendResults, which.id ?? "all", "", who)
        try await engine.store.store.write { try QuarantineTable.record(action, $0) }
        let count = try await engine.outbox.replay(which.id, now: engine.environment.now())
        guard count > 0 || which.id == nil else { throw OperatorError(.notFound, "no result \(which.id ?? "") was given up") }
        return HandsetOperatorAPI.Resent(count: count)
    }
}
