import GRDB
import ServiceKit
import TrustedServiceModel

/// What an operator looks for, as query parameters say it. Unknown ones are errors: a filter that is ignored shows the wrong list.
struct OperatorFilter: Sendable {
    static let maximumLimit = 200

    var after: Int?
    var limit = 50
    private(set) var conditions: [String] = []
    private(set) var arguments = StatementArguments()

    /// - Parameters:
    ///   - parameters: name and value, as they came.
    ///   - columns: which column a name stands for.
    ///   - words: names whose values are words, each with the condition that it means.
    /// - Throws: ``OperatorError`` `invalidRequest`.
    init(_ parameters: [(String, String)], columns: [String: String], words: [String: [String: String]] = [:]) throws(OperatorError) {
        var seen: Set<String> = []
        for (name, value) in parameters {
            guard seen.insert(name).inserted else { throw OperatorError(.invalidRequest, "\(name) is given twice") }
            switch name {
            case "after":
                guard let number = Int(value) else { throw OperatorError(.invalidRequest, "after: a number is expected, as `next` of the list before") }
                after = number
            case "limit":
                guard let number = Int(value), (1...Self.maximumLimit).contains(number) else { throw OperatorError(.invalidRequest, "limit: 1 to \(Self.maximumLimit) is expected") }
                limit = number
            default:
                if let column = columns[name] {
                    conditions.append("\(column) = ?")
                    arguments += [value]
                } else if let meanings = words[name] {
                    guard let condition = meanings[value] else { throw OperatorError(.invalidRequest, "\(name): \(meanings.keys.sorted().joined(separator: ", ")) is expected") }
                    conditions.append(condition)
                } else {
                    let known = ["after", "limit"] + columns.keys + words.keys
                    throw OperatorError(.invalidRequest, "\(name.prefix(40)) is no filter here; there are \(known.sorted().joined(separator: ", "))")
                }
            }
        }
    }

    /// Of a query over `table`, the newest first; one row more than asked for tells whether there are more.
    func rows(_ db: Database, select: String, position: String, from: String, and more: [String] = []) throws -> (rows: [Row], next: Int?) {
        var all = conditions + more, values = arguments
        if let after {
            all.append("\(position) < ?")
            values += [after]
        }
        let condition = all.isEmpty ? "" : " WHERE " + all.joined(separator: " AND ")
        values += [limit + 1]
        let rows = try Row.fetchAll(db, sql: "SELECT \(position) AS position, \(select) FROM \(from)\(condition) ORDER BY \(position) DESC LIMIT ?", arguments: values)
        return (Array(rows.prefix(limit)), rows.count > limit ? rows[limit - 1]["position"] : nil)
    }
}
