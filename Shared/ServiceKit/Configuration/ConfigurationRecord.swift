import Yams

/// What a decoder has looked at, to tell afterwards what it has not.
///
/// Used by one decoding at a time, on one thread; it never leaves ``StrictYAML``.
final class ConfigurationRecord {
    struct Check {
        let path: String
        let value: any CheckedConfiguration
    }

    private struct Mapping {
        var available: [(name: String, line: Int?)]
        var read: Set<String> = []
    }

    private var mappings: [String: Mapping] = [:]
    private var order: [String] = []
    private(set) var checks: [Check] = []

    func opened(_ mapping: Node.Mapping, at path: String) {
        guard mappings[path] == nil else { return }
        mappings[path] = Mapping(available: mapping.map { ($0.key.string ?? "(not a scalar)", $0.key.mark?.line) })
        order.append(path)
    }

    func read(_ key: String, at path: String) {
        mappings[path]?.read.insert(key)
    }

    func decoded(_ value: Any, at path: String) {
        if let checked = value as? any CheckedConfiguration { checks.append(Check(path: path, value: checked)) }
    }

    /// A key of the mapping that nobody has read and that is the missing one but for a slip of the finger.
    func misspelling(of key: String, at path: String) -> String? {
        guard let mapping = mappings[path] else { return nil }
        return mapping.available.map(\.name).filter { !mapping.read.contains($0) }
            .map { (name: $0, distance: Self.distance($0.lowercased(), key.lowercased())) }
            .filter { $0.distance <= (key.utf8.count < 6 ? 1 : 2) }.min { $0.distance < $1.distance }?.name
    }

    /// Letters added, left out, replaced or swapped with their neighbour (optimal string alignment).
    private static func distance(_ one: String, _ other: String) -> Int {
        let one = Array(one.utf8)
        let other = Array(other.utf8)
        var rows = [Array(0...other.count)]
        for i in 0..<one.count {
            var row = [i + 1]
            for j in 0..<other.count {
                var best = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (one[i] == other[j] ? 0 : 1))
                if i > 0, j > 0, one[i] == other[j - 1], one[i - 1] == other[j] { best = min(best, rows[i - 1][j - 1] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[one.count][other.count]
    }

    func firstUnknownKey() -> ConfigurationError? {
        for path in order {
            guard let mapping = mappings[path] else { continue }
            for key in mapping.available where !mapping.read.contains(key.name) {
                let full = path.isEmpty ? key.name : path + "." + key.name
                let known = mapping.read.sorted().joined(separator: ", ")
                return ConfigurationError(.unknownKey, path: full, reason: "unknown key; known here: \(known)", line: key.line)
            }
        }
        return nil
    }
}
