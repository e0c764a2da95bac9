import Foundation

/// All operations, and which of them a request means.
enum OperationTable {
    /// The 82 of TR-03165 4.1.2.
    static let all: [ProviderOperation] =
        [ProviderOperation(id: "createAccessToken", method: .post, paths: ["/auth"], body: .none, work: .authenticate)]
        + ServiceProviderOperations.all + ProfileOperations.all + ServiceOperations.all + FlavorOperations.all + VersionOperations.all
        + ExecutableLoadFileOperations.all + ApplicationConfigOperations.all + PersonalizationScriptOperations.all + CertificateOperations.all
        + SposConfigOperations.all

    static let served = all + ExtensionOperations.all

    enum Match: Sendable {
        case operation(ProviderOperation, parameters: [String: String])
        /// The path exists; these are its methods.
        case methodNotAllowed([String])
        case notFound
    }

    /// - Parameter path: below the API's prefix; slashes at the end count for nothing.
    static func match(method: String, path: some StringProtocol) -> Match {
        var segments: [String] = []
        for part in path.split(separator: "/", omittingEmptySubsequences: true) {
            guard let text = part.removingPercentEncoding else { return .notFound }
            segments.append(text)
        }
        guard let candidates = byLength[segments.count] else { return .notFound }
        var allowed: [String] = []
        for (operation, pattern) in candidates {
            guard let parameters = pattern.match(segments) else { continue }
            if operation.method.rawValue == method { return .operation(operation, parameters: parameters) }
            allowed.append(operation.method.rawValue)
        }
        return allowed.isEmpty ? .notFound : .methodNotAllowed(Array(Set(allowed)).sorted())
    }

    private static let byLength: [Int: [(ProviderOperation, PathPattern)]] = Dictionary(
        grouping: served.flatMap { operation in operation.paths.map { (operation, $0) } }, by: { $0.1.segments.count })
}
