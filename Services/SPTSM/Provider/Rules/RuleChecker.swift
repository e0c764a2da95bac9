import TrustedServiceModel

/// Applies an entity's table to a POST or PUT body, in the order of precedence: unknown (1007), assigned or fixed (1003, 1005), missing
/// (1004, 1006), format (1008). A body that passes becomes the complete document that is stored.
struct RuleChecker: Sendable {
    enum Method: Sendable {
        case create
        /// With the stored document.
        case modify(JSONValue)
    }

    let rules: EntityRules

    /// - Parameter assigned: values of assigned attributes, for creation.
    func create(_ body: JSONValue, assigned: [String: JSONValue]) throws(GeneralError) -> JSONValue {
        let members = try checked(body, .create)
        return .object(complete(members, stored: nil, rules).merging(assigned) { _, new in new })
    }

    func modify(_ body: JSONValue, stored: JSONValue) throws(GeneralError) -> JSONValue {
        let members = try checked(body, .modify(stored))
        return .object(complete(members, stored: stored.object ?? [:], rules))
    }

    private func checked(_ body: JSONValue, _ method: Method) throws(GeneralError) -> [String: JSONValue] {
        guard let members = body.object else { throw .invalidRequest("the request body must be a JSON object") }
        try checkUnknown(members, rules, "")
        switch method {
        case .create: try checkAssigned(members, rules, "")
        case .modify(let stored): try checkFixed(members, stored.object ?? [:], rules, "")
        }
        try checkMandatory(members, rules, "", method)
        try checkFormat(members, rules, "")
        return members
    }

    private func checkUnknown(_ members: [String: JSONValue], _ rules: EntityRules, _ path: String) throws(GeneralError) {
        for name in members.keys.sorted() where rules.attribute(name) == nil { throw .unknownAttribute(path + name) }
        for nested in nested(in: members, rules, path) { try checkUnknown(nested.members, nested.rules, nested.path) }
    }

    private func checkAssigned(_ members: [String: JSONValue], _ rules: EntityRules, _ path: String) throws(GeneralError) {
        for rule in rules.attributes where rule.isAssigned {
            // `published: false` says nothing that would not be so anyway.
            if let value = members[rule.name], value.isMeaningful, value != rule.defaultValue { throw .assignedAttribute(path + rule.name) }
        }
        for nested in nested(in: members, rules, path) { try checkAssigned(nested.members, nested.rules, nested.path) }
    }

    private func checkFixed(_ members: [String: JSONValue], _ stored: [String: JSONValue], _ rules: EntityRules, _ path: String) throws(GeneralError) {
        for rule in rules.attributes where rule.editable == .no {
            if let value = members[rule.name], value.isMeaningful, value != stored[rule.name] { throw .fixedAttribute(path + rule.name) }
        }
        for nested in nested(in: members, rules, path) {
            try checkFixed(nested.members, stored[nested.name]?.object ?? [:], nested.rules, nested.path)
        }
    }

    private func checkMandatory(_ members: [String: JSONValue], _ rules: EntityRules, _ path: String, _ method: Method) throws(GeneralError) {
        for rule in rules.attributes where rule.presence == .mandatory {
            let value = members[rule.name] ?? .null
            guard value.isMeaningful || (rule.mayBeEmpty && value == .object([:])) else {
                switch method {
                case .create: throw .missingOnCreate(path + rule.name, of: rules.name)
                case .modify: throw .missingOnModify(path + rule.name, of: rules.name)
                }
            }
        }
        for nested in nested(in: members, rules, path) { try checkMandatory(nested.members, nested.rules, nested.path, method) }
    }

    private func checkFormat(_ members: [String: JSONValue], _ rules: EntityRules, _ path: String) throws(GeneralError) {
        for rule in rules.attributes {
            guard let value = members[rule.name], value != .null else { continue }
            // "" clears an optional text, whatever format its values have.
            if value == .string(""), rule.defaultValue.string != nil || rule.isAssigned { continue }
            try rule.format.check(value, at: path + rule.name)
        }
        for nested in nested(in: members, rules, path) { try checkFormat(nested.members, nested.rules, nested.path) }
    }

    private struct Nested {
        let name: String
        let path: String
        let members: [String: JSONValue]
        let rules: EntityRules
    }

    /// The objects within, also those in arrays, with their rules and the prefix of their attributes' paths.
    private func nested(in members: [String: JSONValue], _ rules: EntityRules, _ path: String) -> [Nested] {
        rules.attributes.flatMap { rule -> [Nested] in
            switch (rule.format, members[rule.name]) {
            case (.object(let inner), .object(let members)?):
                return [Nested(name: rule.name, path: "\(path)\(rule.name).", members: members, rules: inner)]
            case (.list(.object(let inner)), .array(let items)?):
                return items.enumerated().compactMap { index, item in
                    item.object.map { Nested(name: rule.name, path: "\(path)\(rule.name)[\(index)].", members: $0, rules: inner) }
                }
            default: return []
            }
        }
    }

    /// Omitted: the stored value, at creation the default. Null or empty: the default. Maps and arrays are replaced as a whole.
    private func complete(_ members: [String: JSONValue], stored: [String: JSONValue]?, _ rules: EntityRules) -> [String: JSONValue] {
        var result: [String: JSONValue] = [:]
        for rule in rules.attributes {
            let old = stored?[rule.name]
            guard let value = members[rule.name], !rule.isAssigned else {
                result[rule.name] = old ?? rule.defaultValue
                continue
            }
            guard value.isMeaningful else {
                result[rule.name] = rule.mayBeEmpty ? value : rule.defaultValue
                continue
            }
            switch (rule.format, value) {
            case (.object(let inner), .object(let members)): result[rule.name] = .object(complete(members, stored: old?.object, inner))
            case (.list(.object(let inner)), .array(let items)):
                result[rule.name] = .array(items.map { .object(complete($0.object ?? [:], stored: nil, inner)) })
            default: result[rule.name] = rule.format.normalised(value)
            }
        }
        return result
    }
}
