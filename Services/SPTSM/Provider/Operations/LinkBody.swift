import TrustedServiceModel

/// Bodies of the link and unlink calls: no entity, so no table. Their faults are formats (1008), as each of these methods lists.
enum LinkBody {
    /// `string[]`
    static func identifiers(_ body: JSONValue) throws(GeneralError) -> [String] {
        guard let items = body.array else { throw .invalidFormat(body.shown, for: "body", supported: "an array of identifiers") }
        var ids: [String] = []
        for (index, item) in items.enumerated() {
            guard let id = item.string else { throw .invalidFormat(item.shown, for: "[\(index)]", supported: "an identifier") }
            ids.append(id)
        }
        return ids
    }

    /// `Map<string, string[]>`
    static func identifierLists(_ body: JSONValue) throws(GeneralError) -> [String: [String]] {
        guard let members = body.object else { throw .invalidFormat(body.shown, for: "body", supported: "a map of identifiers to arrays of identifiers") }
        var result: [String: [String]] = [:]
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
            guard let items = value.array else { throw .invalidFormat(value.shown, for: key, supported: "an array of identifiers") }
            var ids: [String] = []
            for (index, item) in items.enumerated() {
                guard let id = item.string else { throw .invalidFormat(item.shown, for: "\(key)[\(index)]", supported: "an identifier") }
                ids.append(id)
            }
            result[key] = ids
        }
        return result
    }

    /// `Map<string, string>`
    static func identifierMap(_ body: JSONValue) throws(GeneralError) -> [String: String] {
        guard let members = body.object else { throw .invalidFormat(body.shown, for: "body", supported: "a map of identifiers to identifiers") }
        var result: [String: String] = [:]
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
            guard let id = value.string else { throw .invalidFormat(value.shown, for: key, supported: "an identifier") }
            result[key] = id
        }
        return result
    }
}
