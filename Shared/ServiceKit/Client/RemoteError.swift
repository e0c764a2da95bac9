/// Why a call to another service gave no answer that can be used.
public enum RemoteError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The service answered with an error. `code` is empty when the answer was no problem document.
    case refused(Refusal)
    /// No answer: no connection, not the expected peer, or the answer broke off. Whether the request was carried out is unknown.
    case unreachable(reason: String)
    /// An answer of success that does not have the agreed form.
    case malformedAnswer(reason: String)

    public struct Refusal: Sendable, Hashable {
        /// HTTP status.
        public var status: Int
        /// The problem document's stable code.
        public var code: String
        public var detail: String?
        /// Seconds.
        public var retryAfter: Int?
        /// Further members of the problem document.
        public var members: [String: String]

        public init(status: Int, code: String, detail: String? = nil, retryAfter: Int? = nil, members: [String: String] = [:]) {
            self.status = status
            self.code = code
            self.detail = detail
            self.retryAfter = retryAfter
            self.members = members
        }
    }

    /// The answer's status; nil without an answer.
    public var status: Int? { if case .refused(let refusal) = self { refusal.status } else { nil } }
    /// The stable code; nil without one.
    public var code: String? { if case .refused(let refusal) = self, !refusal.code.isEmpty { refusal.code } else { nil } }
    public var detail: String? {
        switch self {
        case .refused(let refusal): refusal.detail
        case .unreachable(let reason), .malformedAnswer(let reason): reason
        }
    }
    public var retryAfter: Int? { if case .refused(let refusal) = self { refusal.retryAfter } else { nil } }

    public var description: String {
        switch self {
        case .refused(let refusal): "refused with \(refusal.status)\(refusal.code.isEmpty ? "" : " \(refusal.code)")\(refusal.detail.map { ": \($0)" } ?? "")"
        case .unreachable(let reason): "not reachable: \(reason)"
        case .malformedAnswer(let reason): "answered in the wrong form: \(reason)"
        }
    }
}
