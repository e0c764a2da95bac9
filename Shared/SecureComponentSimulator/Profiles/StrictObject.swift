/// Objects of a profile have the members that are documented and no others: a misspelt one must not go unnoticed.
enum StrictObject {
    private struct Member: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// The container of an object.
    /// - Throws: `DecodingError` naming the first member that is unknown.
    static func container<Key: CodingKey & CaseIterable>(_ decoder: any Decoder, _ keys: Key.Type) throws -> KeyedDecodingContainer<Key> {
        let known = Key.allCases.map(\.stringValue)
        let present = try decoder.container(keyedBy: Member.self).allKeys.map(\.stringValue)
        if let unknown = present.filter({ !known.contains($0) }).min() {
            throw DecodingError.dataCorrupted(.init(
                codingPath: decoder.codingPath, debugDescription: "there is no member '\(unknown)'; there are \(known.sorted().joined(separator: ", "))"))
        }
        return try decoder.container(keyedBy: Key.self)
    }
}

extension DecodingError {
    /// What is wrong and where, for people: "keys.lengths[1]: …".
    var explanation: String {
        let (context, what): (Context, String) = switch self {
        case .typeMismatch(_, let context): (context, context.debugDescription)
        case .valueNotFound(_, let context): (context, context.debugDescription)
        case .keyNotFound(let key, let context): (context, "member '\(key.stringValue)' is missing")
        case .dataCorrupted(let context): (context, context.debugDescription)
        @unknown default: (Context(codingPath: [], debugDescription: ""), "it cannot be read")
        }
        let path = context.codingPath.reduce(into: "") { path, key in
            if let index = key.intValue { path += "[\(index)]" } else { path += (path.isEmpty ? "" : ".") + key.stringValue }
        }
        return path.isEmpty ? what : "\(path): \(what)"
    }
}
