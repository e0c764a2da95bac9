import Foundation

/// An error on the wire, `application/problem+json` (RFC 9457). `code` is the stable part that programs look at.
public struct ProblemDocument: Sendable, Hashable {
    public static let contentType = "application/problem+json"

    /// A URI reference; `about:blank` says no more than the status does.
    public var type: String
    public var title: String
    /// HTTP status.
    public var status: Int
    /// What happened this time and what to do, for a person.
    public var detail: String?
    /// The request path.
    public var instance: String?
    /// Stable, for programs.
    public var code: String
    /// Further members at the top level, for example `processId`.
    public var members: [String: String]

    public init(status: Int, code: String, title: String, detail: String? = nil, instance: String? = nil, type: String = "about:blank", members: [String: String] = [:]) {
        self.type = type
        self.title = title
        self.status = status
        self.detail = detail
        self.instance = instance
        self.code = code
        self.members = members
    }
}

extension ProblemDocument: Codable {
    private struct Member: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private static let defined: Set<String> = ["type", "title", "status", "detail", "instance", "code"]

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: Member.self)
        status = try keys.decode(Int.self, forKey: Member("status"))
        type = try keys.decodeIfPresent(String.self, forKey: Member("type")) ?? "about:blank"
        title = try keys.decodeIfPresent(String.self, forKey: Member("title")) ?? ""
        detail = try keys.decodeIfPresent(String.self, forKey: Member("detail"))
        instance = try keys.decodeIfPresent(String.self, forKey: Member("instance"))
        code = try keys.decodeIfPresent(String.self, forKey: Member("code")) ?? ""
        members = [:]
        for key in keys.allKeys where !Self.defined.contains(key.stringValue) {
            // Members that are no text are somebody else's extension and of no use here.
            if let text = try? keys.decode(String.self, forKey: key) { members[key.stringValue] = text }
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var keys = encoder.container(keyedBy: Member.self)
        try keys.encode(type, forKey: Member("type"))
        try keys.encode(title, forKey: Member("title"))
        try keys.encode(status, forKey: Member("status"))
        try keys.encodeIfPresent(detail, forKey: Member("detail"))
        try keys.encodeIfPresent(instance, forKey: Member("instance"))
        try keys.encode(code, forKey: Member("code"))
        for (name, value) in members where !Self.defined.contains(name) { try keys.encode(value, forKey: Member(name)) }
    }
}
