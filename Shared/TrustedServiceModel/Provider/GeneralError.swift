/// Categories of the REST API's errors (TR-03165 4.1.5.1), with the HTTP status each travels with.
public enum GeneralErrorCategory: Int, Codable, Sendable, CaseIterable {
    case notAuthenticated = 1000
    case authenticationFailed = 1001
    case invalidRequest = 1002
    case createAssignedAttribute = 1003
    case createMissingAttribute = 1004
    case modifyFixedAttribute = 1005
    case modifyMissingAttribute = 1006
    case unknownAttribute = 1007
    case invalidFormat = 1008
    case notExisting = 1009
    case deleteReferenced = 1010
    case uploadMissingFile = 1011
    case uploadTooManyFiles = 1012
    case uploadInvalidFileType = 1013
    case uploadTooLarge = 1014
    case alreadyPublished = 1015
    case technicalConstraints = 1016
    case internalError = 2000

    public var httpStatus: Int {
        switch self {
        case .notAuthenticated, .authenticationFailed: 401
        case .internalError: 500
        default: 400
        }
    }
}

/// The one error that an answer carries (TR-03165 4.1.4.19). Made by the functions below, which hold the TR's message templates.
public struct GeneralError: Error, Codable, Sendable, Hashable, CustomStringConvertible {
    /// Longest message, in characters as JSON Schema counts them: code points (OpenAPI file of the TR).
    public static let maximumMessageLength = 255

    /// Raw value of a ``GeneralErrorCategory``; a plain number, so that a client survives a category it does not know.
    public var errorCategory: Int
    /// English, at most 255 characters.
    public var errorMessage: String

    public init(_ category: GeneralErrorCategory, message: String) {
        errorCategory = category.rawValue
        errorMessage = message.prefix(codePoints: Self.maximumMessageLength)
    }

    /// Nil for a number that the TR does not list.
    public var category: GeneralErrorCategory? { GeneralErrorCategory(rawValue: errorCategory) }

    public var description: String { "\(errorCategory): \(errorMessage)" }
}

extension GeneralError {
    public static let notAuthenticated = GeneralError(.notAuthenticated, message: "Not authenticated.")
    public static let authenticationFailed = GeneralError(.authenticationFailed, message: "Authentication failed.")

    /// - Parameter reason: without a full stop.
    public static func invalidRequest(_ reason: String) -> GeneralError {
        GeneralError(.invalidRequest, message: "Invalid request: \(reason).")
    }

    /// - Parameter attribute: the full path, for example `featureConfig.keyIndex`; so below.
    public static func assignedAttribute(_ attribute: String) -> GeneralError {
        GeneralError(.createAssignedAttribute, message: "Create failed: attribute \(short(attribute)) not allowed for POST. It is automatically assigned when created.")
    }

    public static func missingOnCreate(_ attribute: String, of entity: String) -> GeneralError {
        GeneralError(.createMissingAttribute, message: "Create failed: attribute \(short(attribute)) is missing, but it is mandatory for \(entity).")
    }

    public static func fixedAttribute(_ attribute: String) -> GeneralError {
        GeneralError(.modifyFixedAttribute, message: "Modify failed: attribute \(short(attribute)) not allowed for PUT. Attribute cannot be modified after creation.")
    }

    public static func missingOnModify(_ attribute: String, of entity: String) -> GeneralError {
        GeneralError(.modifyMissingAttribute, message: "Modify failed: attribute \(short(attribute)) is missing, but it is mandatory for \(entity).")
    }

    public static func unknownAttribute(_ attribute: String) -> GeneralError {
        GeneralError(.unknownAttribute, message: "Unknown: ‘\(short(attribute))’ is not a valid attribute.")
    }

    /// - Parameter format: what is supported, in words; without a full stop.
    public static func invalidFormat(_ value: String, for attribute: String, supported format: String) -> GeneralError {
        GeneralError(.invalidFormat, message: "Invalid format ‘\(short(value, 48))’ for \(short(attribute)). Supported format is \(format).")
    }

    public static func notExisting(_ entity: String, id: String) -> GeneralError {
        GeneralError(.notExisting, message: "Not existing: \(entity) with id ‘\(short(id))’ does not exist.")
    }

    public static func referenced(_ entity: String, in user: String) -> GeneralError {
        GeneralError(.deleteReferenced, message: "Delete failed: \(entity) is referenced in \(user).")
    }

    public static let missingFile = GeneralError(.uploadMissingFile, message: "Upload failed: missing file.")
    public static let tooManyFiles = GeneralError(.uploadTooManyFiles, message: "Upload failed: too many files provided. Method supports uploading one file.")

    /// - Parameter detail: what the file lacks; without a full stop.
    public static func invalidFileType(supported: [String], detail: String) -> GeneralError {
        GeneralError(.uploadInvalidFileType,
                     message: "Upload failed: invalid file type. Supported file types are \(supported.joined(separator: ", ")). \(detail).")
    }

    /// - Parameters: bytes.
    public static func fileTooLarge(_ size: Int, maximum: Int) -> GeneralError {
        GeneralError(.uploadTooLarge, message: "Upload failed: \(megabytes(size))MB exceeds maximum upload file size of \(megabytes(maximum))MB.")
    }

    /// - Parameter entity: `Flavor`, `ExecutableLoadFile` or `ApplicationConfig`.
    public static func alreadyPublished(_ entity: String, flavor id: String) -> GeneralError {
        GeneralError(.alreadyPublished, message: "Already Published: \(entity) cannot be modified. It is already published via Flavor identifier ‘\(id)’.")
    }

    /// - Parameter attribute: `javaCard`, `gpApi` or `csp`.
    public static func technicalConstraints(_ attribute: String) -> GeneralError {
        GeneralError(.technicalConstraints, message: "Technical constraints failed: minimal \(attribute) version not supported by SecureComponentProfile.")
    }

    /// - Parameter reason: in words for the caller, never internals; without a full stop.
    public static func internalError(_ reason: String) -> GeneralError {
        GeneralError(.internalError, message: "Internal server error: \(reason).")
    }

    /// What came from the client is cut, so that the words after it still fit.
    private static func short(_ text: String, _ length: Int = 80) -> String {
        text.unicodeScalars.count <= length ? text : text.prefix(codePoints: length - 1) + "…"
    }

    /// Rounded up to thousandths, so that a file just over the limit does not read as the limit.
    private static func megabytes(_ bytes: Int) -> String {
        let thousandths = bytes / 1000 + (bytes % 1000 == 0 ? 0 : 1)
        let fraction = String(thousandths % 1000)
        return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}

extension String {
    /// The first so many code points. Characters will not do for lengths on the wire: one of them can be any number of code points.
    public func prefix(codePoints count: Int) -> String { String(String.UnicodeScalarView(unicodeScalars.prefix(count))) }
}
