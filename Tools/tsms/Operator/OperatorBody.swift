import Foundation

/// Makes the JSON body of a request from the command line. A dot in a name goes into an object: `profile.name=…`.
enum OperatorBody {
    static func bytes(_ members: [BodyMember]) throws -> [UInt8] {
        var body: [String: Any] = [:]
        for member in members { try put(try value(member.value), at: member.name.split(separator: ".").map(String.init), into: &body, member.name) }
        return Array(try JSONSerialization.data(withJSONObject: body, options: [.sortedKeys, .withoutEscapingSlashes]))
    }

    private static func put(_ value: Any, at path: [String], into object: inout [String: Any], _ name: String) throws(ToolFailure) {
        guard let first = path.first else { throw ToolFailure("'\(name)' names nothing") }
        guard path.count > 1 else {
            guard object.updateValue(value, forKey: first) == nil else { throw ToolFailure("\(name) is given twice") }
            return
        }
        guard var inner = (object[first] ?? [String: Any]()) as? [String: Any] else { throw ToolFailure("\(name): \(first) is no object") }
        try put(value, at: Array(path.dropFirst()), into: &inner, name)
        object[first] = inner
    }

    private static func value(_ text: String) throws -> Any {
        if text.hasPrefix("@") {
            let content = try Programs.read(String(text.dropFirst()))
            // Objects and lists only: a file that holds nothing but digits is a text all the same.
            return (try? JSONSerialization.jsonObject(with: Data(content))) ?? String(decoding: content, as: UTF8.self)
        }
        if let parsed = try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed), !(parsed is NSNull) { return parsed }
        if text.hasPrefix("["), text.hasSuffix("]") {
            return text.dropFirst().dropLast().split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        return text
    }
}
