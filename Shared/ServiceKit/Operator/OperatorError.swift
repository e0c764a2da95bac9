/// Why an operator's request was refused; the code is the problem document's.
public struct OperatorError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        case invalidRequest, notFound, conflict
        /// A neighbour that is needed for it does not answer.
        case unavailable
    }

    public let code: Code
    public let reason: String

    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public var description: String { "\(code.rawValue): \(reason)" }
}
