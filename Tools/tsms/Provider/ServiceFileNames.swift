import Foundation

/// Things of a file are found again at the TSM by a name that is not the author's alone: an upload by its file name, an SposConfig by its URL. Two of
/// one such name would become one there, each apply turning it into the other.
enum ServiceFileNames {
    /// - Throws: `ToolFailure` with both lines.
    static func requireDistinct(_ file: ServiceFile) throws(ToolFailure) {
        for (kind, uploads) in [(UploadKind.loadFile, file.loadFiles), (.script, file.scripts), (.certificate, file.certificates)] {
            try requireDistinct(kind.words, "file name", (uploads ?? [:]).map { ($0.key, URL(fileURLWithPath: $0.value.file).lastPathComponent, $0.value.line) })
        }
        try requireDistinct("SposConfig", "URL", (file.sposConfigs ?? [:]).map { ($0.key, $0.value.url, $0.value.line) })
    }

    private static func requireDistinct(_ kind: String, _ what: String, _ entries: [(key: String, name: String, line: Int?)]) throws(ToolFailure) {
        var seen: [String: (key: String, line: Int?)] = [:]
        // In the order of the file.
        for entry in entries.sorted(by: { ($0.line ?? 0, $0.key) < ($1.line ?? 0, $1.key) }) {
            if let first = seen[entry.name] {
                throw ToolFailure("""
                    \(place(entry.line))the \(kind) '\(entry.key)' has the \(what) \(entry.name), as has '\(first.key)'\(first.line.map { " in line \($0)" } ?? ""); \
                    things of this kind are told apart by it at the TSM
                    """)
            }
            seen[entry.name] = (entry.key, entry.line)
        }
    }

    private static func place(_ line: Int?) -> String { line.map { "line \($0): " } ?? "" }
}
