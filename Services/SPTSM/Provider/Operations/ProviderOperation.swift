import TrustedServiceModel

/// One operation of the REST API (TR-03165 4.1.6): where it is, what it takes, what it does. All of them are in ``OperationTable``.
struct ProviderOperation: Sendable {
    enum Method: String, Sendable, CaseIterable { case get = "GET", post = "POST", put = "PUT", delete = "DELETE" }

    enum Body: Sendable, Hashable {
        /// None; an empty object is tolerated, since clients send one with every POST.
        case none
        case json
        case upload(UploadKind)
    }

    enum Work: Sendable {
        case read(@Sendable (TenantCatalogue, OperationInput) throws -> OperationOutput)
        /// In a transaction that commits before the answer leaves and counts the revision up.
        case write(@Sendable (TenantCatalogue, OperationInput) throws -> OperationOutput)
        /// POST /auth: by the long-term token, without a tenant yet.
        case authenticate
    }

    /// `operationId` of the OpenAPI file.
    let id: String
    let method: Method
    /// `{name}` is a parameter; the first path is the normative one, others are spellings elsewhere in the TR.
    let paths: [PathPattern]
    let body: Body
    let work: Work

    /// Whether it walks over many rows; all others look single ones up.
    var isList: Bool { id.hasPrefix("list") }

    static func read(_ id: String, _ paths: PathPattern..., work: @escaping @Sendable (TenantCatalogue, OperationInput) throws -> OperationOutput) -> ProviderOperation {
        ProviderOperation(id: id, method: .get, paths: paths, body: .none, work: .read(work))
    }

    static func write(_ id: String, _ method: Method, _ path: PathPattern, _ body: Body,
                      work: @escaping @Sendable (TenantCatalogue, OperationInput) throws -> OperationOutput) -> ProviderOperation {
        ProviderOperation(id: id, method: method, paths: [path], body: body, work: .write(work))
    }
}

/// What an operation gets.
struct OperationInput: Sendable {
    /// Values of the path's parameters, percent-decoded.
    var parameters: [String: String] = [:]
    var json: JSONValue = .null
    var parts: [MultipartPart] = []
    /// What came of reading the uploaded CAP file, done before the transaction: the one writer must not wait for it.
    private var readLoadFile: (archive: [UInt8], result: Result<LoadFileContent, GeneralError>)?

    init(parameters: [String: String] = [:], json: JSONValue = .null, parts: [MultipartPart] = []) {
        self.parameters = parameters
        self.json = json
        self.parts = parts
    }

    /// Reads a load file ahead, if one came whole; away from the event loop, since inflating and parsing take milliseconds.
    mutating func prepareLoadFile() async {
        guard let part = parts.first(where: { $0.name == UploadKind.loadFile.filePart }), part.size > 0, part.size == part.content.count else { return }
        readLoadFile = (
            part.content,
            await withTaskExecutorPreference(globalConcurrentExecutor) {
                do throws(GeneralError) { return .success(try LoadFileContent(parsing: part.content)) } catch { return .failure(error) }
            }
        )
    }

    /// - Throws: ``GeneralError`` 1013.
    func loadFile(_ archive: [UInt8]) throws(GeneralError) -> LoadFileContent {
        if let readLoadFile, readLoadFile.archive == archive { return try readLoadFile.result.get() }
        return try LoadFileContent(parsing: archive)
    }

    subscript(_ parameter: String) -> String { parameters[parameter] ?? "" }
}

enum OperationOutput: Sendable {
    case json(any Encodable & Sendable)
    case noContent
    /// A file as it was uploaded.
    case file(UploadStore.Stored, name: String)
}

/// A path of the TR, `/services/{serviceId}`.
struct PathPattern: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    enum Segment: Sendable, Hashable { case literal(Substring), parameter(String) }

    let description: String
    let segments: [Segment]

    init(stringLiteral text: String) {
        description = text
        segments = text.split(separator: "/").map { $0.hasPrefix("{") && $0.hasSuffix("}") ? .parameter(String($0.dropFirst().dropLast())) : .literal($0) }
    }

    /// The parameters' values if the path matches.
    func match(_ path: [String]) -> [String: String]? {
        guard path.count == segments.count else { return nil }
        var values: [String: String] = [:]
        for (segment, text) in zip(segments, path) {
            switch segment {
            case .literal(let literal): guard literal == text else { return nil }
            case .parameter(let name): values[name] = text
            }
        }
        return values
    }
}
