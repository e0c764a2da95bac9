/// A document of a service's configuration, written as YAML with its keys in the order given. Text is always quoted, so that no value
/// is taken for a number or a truth.
indirect enum YAML: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral {
    case text(String)
    case number(Int)
    case flag(Bool)
    case list([YAML])
    case map([(String, YAML)])

    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int) { self = .number(value) }
    init(booleanLiteral value: Bool) { self = .flag(value) }
    init(arrayLiteral elements: YAML...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, YAML)...) { self = .map(elements) }

    static func texts(_ list: [String]) -> YAML { .list(list.map(YAML.text)) }

    /// The same map with further keys.
    func adding(_ more: YAML) -> YAML {
        guard case .map(let own) = self, case .map(let others) = more else { return self }
        return .map(own + others)
    }

    var document: String { block(0) + "\n" }

    private func block(_ depth: Int) -> String {
        let indent = String(repeating: "  ", count: depth)
        switch self {
        case .map(let members) where !members.isEmpty:
            return members.map { key, value in value.isBlock ? "\(indent)\(Self.key(key)):\n\(value.block(depth + 1))" : "\(indent)\(Self.key(key)): \(value.flow)" }.joined(separator: "\n")
        case .list(let items) where !items.isEmpty:
            return items.map { item in
                guard item.isBlock else { return "\(indent)- \(item.flow)" }
                return "\(indent)- " + item.block(depth + 1).dropFirst(2 * (depth + 1))
            }.joined(separator: "\n")
        default: return indent + flow
        }
    }

    private var isBlock: Bool {
        switch self {
        case .map(let members): !members.isEmpty
        case .list(let items): !items.isEmpty
        default: false
        }
    }

    private var flow: String {
        switch self {
        case .text(let text): Self.quoted(text)
        case .number(let number): String(number)
        case .flag(let flag): flag ? "true" : "false"
        case .list: "[]"
        case .map: "{}"
        }
    }

    /// Plain where nothing in it could be read otherwise.
    private static func key(_ text: String) -> String {
        let isPlain = text.unicodeScalars.first?.properties.isAlphabetic == true && text.unicodeScalars.allSatisfy { $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "-" || $0 == "_") }
        return isPlain ? text : quoted(text)
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where isHidden(scalar): result += escaped(scalar)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Controls of every kind, among them those that end a line elsewhere or turn the direction of writing, and what YAML does not take as it is
    /// (YAML 1.2, production 1).
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned: true
        default: false
        }
    }

    /// YAML 1.2, productions 59 to 61.
    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        let (mark, digits) = scalar.value <= 0xFF ? ("x", 2) : scalar.value <= 0xFFFF ? ("u", 4) : ("U", 8)
        let number = String(scalar.value, radix: 16)
        return "\\\(mark)" + String(repeating: "0", count: digits - number.count) + number
    }
}
