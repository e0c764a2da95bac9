import Foundation
import Synchronization
import TrustedServiceModel

/// `access:` of the provider plane: how much one client may ask, and how often it may fail to show who it is.
public struct AccessLimits: Sendable, Hashable, Decodable {
    /// Requests a second of one address (IPv6: of one /64), and of one service provider; 0: no limit.
    public var requestsPerSecond: Int
    /// As many may come at once.
    public var burst: Int
    /// Failed authentications of one address, or of one service provider by its second factor, until the lock-out; 0: none.
    public var failures: Int
    /// Seconds in which they count, and which the lock-out lasts.
    public var lockout: Int

    public init(requestsPerSecond: Int = 200, burst: Int = 1000, failures: Int = 20, lockout: Int = 60) {
        self.requestsPerSecond = requestsPerSecond
        self.burst = burst
        self.failures = failures
        self.lockout = lockout
    }

    public static let none = AccessLimits(requestsPerSecond: 0, burst: 0, failures: 0, lockout: 0)

    private enum CodingKeys: String, CodingKey { case requestsPerSecond, burst, failures, lockout }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        let standard = AccessLimits()
        requestsPerSecond = try keys.decodeIfPresent(Int.self, forKey: .requestsPerSecond) ?? standard.requestsPerSecond
        burst = try keys.decodeIfPresent(Int.self, forKey: .burst) ?? max(standard.burst, requestsPerSecond)
        failures = try keys.decodeIfPresent(Int.self, forKey: .failures) ?? standard.failures
        lockout = try keys.decodeIfPresent(Int.self, forKey: .lockout) ?? standard.lockout
        for (key, value, range) in [(CodingKeys.requestsPerSecond, requestsPerSecond, 0...1_000_000), (.burst, burst, 1...1_000_000), (.failures, failures, 0...1_000_000), (.lockout, lockout, 1...86_400)]
        where !range.contains(value) {
            throw DecodingError.dataCorruptedError(forKey: key, in: keys, debugDescription: "a number from \(range.lowerBound) to \(range.upperBound) is expected")
        }
    }
}

/// A refusal for now: 429 with `Retry-After`. The TR knows no category for it; 1002 says in words what to do.
struct Throttled: Error, Hashable, Sendable {
    let error: GeneralError
    /// Seconds.
    let retryAfter: Int

    static func rate(_ seconds: Int) -> Throttled {
        Throttled(error: .invalidRequest("too many requests, try again in \(seconds) s"), retryAfter: seconds)
    }

    static func lockedOut(_ seconds: Int) -> Throttled {
        Throttled(error: .invalidRequest("too many failed authentications, try again in \(seconds) s"), retryAfter: seconds)
    }
}

/// Stands before authentication. In memory: a restart forgets, which only gives a new start to everyone.
///
/// A locked-out address gets no new tokens, and its bad tokens no answer but 429; a good short-term token goes on working from there, since
/// others may share the address. A locked-out service provider (right token, wrong client certificate: a token in wrong hands) gets no new
/// tokens until the time is over or the operator releases it; its running sessions end with their short-term tokens.
final class AccessGuard: Sendable {
    enum Subject: String, Sendable, CaseIterable { case address, serviceProvider }

    struct Lockout: Sendable, Hashable {
        var kind: Subject
        var subject: String
        var until: Date
    }

    private struct State {
        var rates: [Subject: TokenBuckets] = [:]
        var failures: [Subject: FailureCount] = [:]
    }

    private let state: Mutex<State>

    init(_ limits: AccessLimits) {
        var state = State()
        for subject in Subject.allCases {
            if limits.requestsPerSecond > 0 { state.rates[subject] = TokenBuckets(perSecond: Double(limits.requestsPerSecond), burst: Double(limits.burst)) }
            if limits.failures > 0 { state.failures[subject] = FailureCount(limit: limits.failures, duration: Double(limits.lockout)) }
        }
        self.state = Mutex(state)
    }

    /// Whom limits count: of addresses the network that a client has at its command.
    private func counted(_ kind: Subject, _ subject: String) -> String { kind == .address ? ClientNetwork.of(subject) : subject }

    /// - Throws: ``Throttled`` when more came than the rate allows.
    func admit(_ kind: Subject, _ subject: String, now: Date) throws(Throttled) {
        let subject = counted(kind, subject)
        if let seconds = state.withLock({ $0.rates[kind]?.take(subject, now: now) }) { throw .rate(seconds) }
    }

    /// - Throws: ``Throttled`` while locked out.
    func requireUnlocked(_ kind: Subject, _ subject: String, now: Date) throws(Throttled) {
        let subject = counted(kind, subject)
        if let seconds = state.withLock({ $0.failures[kind]?.lockedFor(subject, now: now) }) { throw .lockedOut(seconds) }
    }

    /// - Returns: whether this one brought the lock-out about.
    func noteFailure(_ kind: Subject, _ subject: String, now: Date) -> Bool {
        let subject = counted(kind, subject)
        return state.withLock { $0.failures[kind]?.note(subject, now: now) } ?? false
    }

    func lockouts(now: Date) -> [Lockout] {
        state.withLock { state in
            Subject.allCases.flatMap { kind in (state.failures[kind]?.locked(now: now) ?? []).map { Lockout(kind: kind, subject: $0.subject, until: $0.until) } }
        }
    }

    /// - Parameter subject: of a network any address in it will do.
    func release(_ kind: Subject, _ subject: String) -> Bool {
        let subject = counted(kind, subject)
        return state.withLock { $0.failures[kind]?.release(subject) } ?? false
    }
}
