/// The error categories of the TSM-API (TR-03165 4.2.6): the number every result carries as `executionStatus`.
public enum ErrorCategory: Int, Codable, Sendable, CaseIterable {
    case noError = 0
    case tsmNotAvailable = 1
    case internalError = 2
    case networkConnectionError = 3
    case invalidArgument = 4
    case notAuthenticated = 5
    case executionInterrupted = 6
    case secureComponentError = 7
    case noEligibleSecureComponent = 8
    case secureComponentInaccessible = 9
    case secureComponentChannelNotAvailable = 10
    case nfcNotActivated = 11
    case orphanedServiceInstance = 12
    case notAllowed = 13
    case alreadyExists = 14
    case unauthorized = 15
    case issuerError = 16
    case notFound = 17
    case overloadProtection = 18
    case underMaintenance = 19
    case deviceIntegrityCheckFailed = 20
    case unspecified = 100

    /// The words the TR's message template starts with.
    public var title: String {
        switch self {
        case .noError: ""
        case .tsmNotAvailable: "TSM not available"
        case .internalError: "Internal error"
        case .networkConnectionError: "Network connection error"
        case .invalidArgument: "Invalid argument"
        case .notAuthenticated: "Not authenticated"
        case .executionInterrupted: "Execution interrupted"
        case .secureComponentError: "Secure component error"
        case .noEligibleSecureComponent: "No eligible SC"
        case .secureComponentInaccessible: "SC inaccessible"
        case .secureComponentChannelNotAvailable: "SC channel not available"
        case .nfcNotActivated: "NFC not activated"
        case .orphanedServiceInstance: "Orphaned service instance"
        case .notAllowed: "Not allowed"
        case .alreadyExists: "Already exists"
        case .unauthorized: "Unauthorized"
        case .issuerError: "Issuer error"
        case .notFound: "Not found"
        case .overloadProtection: "Overload protection"
        case .underMaintenance: "Under maintenance"
        case .deviceIntegrityCheckFailed: "Device integrity check failed"
        case .unspecified: "Unspecified"
        }
    }
}

/// A failed TSM-API call: the category and the details that complete the TR's template `<title>: <details>` (TR-03165 4.2.6).
public struct TSMFailure: Error, Codable, Sendable, Hashable, CustomStringConvertible {
    public var category: ErrorCategory
    /// What failed, where, and what to do now; never internals, never key material.
    public var details: String

    public init(_ category: ErrorCategory, _ details: String) {
        self.category = category
        self.details = details
    }

    /// The complete `executionMessage`.
    public var executionMessage: String {
        switch category {
        case .noError: ""
        case .overloadProtection, .underMaintenance:
            "\(category.title): The system is currently not available, please try again later."
        default: "\(category.title): \(details)"
        }
    }

    public var description: String { executionMessage }
}
