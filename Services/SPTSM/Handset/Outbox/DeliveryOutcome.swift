/// What became of one attempt to deliver a result.
enum DeliveryOutcome: Sendable, Hashable {
    /// The SPOS has it: any status 2xx, of which the TR names 200.
    case accepted
    /// The SPOS does not want this one; others may go on.
    case refused(status: Int)
    /// The SPOS cannot be spoken to, or does not answer as it should. `retryAfter`: seconds that it asked for.
    case unavailable(reason: String, retryAfter: Double? = nil)
    /// We are being stopped: nothing is known.
    case interrupted

    /// By status alone: there are no redirects to follow, and whatever an answer's body says does not count.
    init(status: Int, retryAfter: String?) {
        switch status {
        case 200..<300: self = .accepted
        case 400, 406, 409, 410, 411, 413, 415, 422: self = .refused(status: status)
        case 300..<400: self = .unavailable(reason: "it answers with a redirect (\(status)), which is not followed")
        default:
            // A date instead of seconds is allowed, too; our own pauses do then.
            self = .unavailable(reason: "it answers \(status)", retryAfter: retryAfter.flatMap { Double($0) }.flatMap { $0 >= 0 && $0.isFinite ? $0 : nil })
        }
    }

    /// For the operator; nil when it was accepted.
    var reason: String? {
        switch self {
        case .accepted, .interrupted: nil
        case .refused(let status): "the SPOS refuses this result with \(status)"
        case .unavailable(let reason, _): reason
        }
    }
}
