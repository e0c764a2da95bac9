import HTTPTypes
import Identity

/// A part of a listener's routes with the identities that may use it.
public struct RouteGroup: Sendable, Hashable {
    /// As in the configuration's `allow`.
    public let name: String
    /// Path segments that the group's routes begin with.
    let segments: [String]
    /// Nil: every method.
    let methods: Set<HTTPRequest.Method>?
    public let allow: AllowList

    /// - Parameter prefix: whole segments, for example `/vault/v1`; `/` means every path.
    public init(_ name: String, prefix: String = "/", methods: Set<HTTPRequest.Method>? = nil, allow: AllowList) {
        self.name = name
        self.segments = Self.segments(prefix)
        self.methods = methods
        self.allow = allow
    }

    func contains(path: String, method: HTTPRequest.Method) -> Bool {
        guard methods?.contains(method) ?? true else { return false }
        // Split exactly as the router does (empty segments do not count, nothing is decoded): what it resolves is what is judged here.
        return Self.segments(path).starts(with: segments)
    }

    private static func segments(_ path: String) -> [String] { path.split(separator: "/").map(String.init) }
}
