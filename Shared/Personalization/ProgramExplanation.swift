import GlobalPlatform

/// What a script does, in words: for the person who wrote it.
extension PersonalizationProgram {
    /// Lines without line ends: values first, then the install parameters, then each session's commands.
    public var explanation: [String] {
        let declared = declared()
        var lines = declarations.map { "takes \($0.name): \($0.kind.rawValue), \($0.lengths.words) \($0.kind == .bcd ? "digits" : "bytes")" }
        if let installParameters { lines.append("adds \(installParameters.lengths(declared).words) bytes to the install parameters") }
        for (index, session) in sessions.enumerated() {
            lines.append("session \(index + 1): INSTALL [for personalization]")
            for command in session { lines.append("  \(command.label) (line \(command.line)): \(Self.words(command, declared)), expects \(command.expected.map(\.description).joined(separator: " or "))") }
        }
        return lines.isEmpty ? ["does nothing"] : lines
    }

    private static func words(_ command: Command, _ declared: [ValueName: ValueDeclaration]) -> String {
        let size = (command.expression?.lengths(declared)).map { "\($0.words) bytes" } ?? "no data"
        let encrypted = command.expression?.holdsEncrypted == true ? ", parts of it encrypted under the data encryption key" : ""
        switch command.content {
        case .plain(let header, _, _): return "\(Instruction.name(header[1])) \(Hex.encodeUpperCase(header)), \(size)\(encrypted)"
        case .store(let structure, _, let expectsResponse, _):
            let form = switch structure {
            case .unspecified: ""
            case .dgi: " of data groupings"
            case .berTLV: " of data objects"
            }
            return "STORE DATA, \(size)\(form)\(encrypted)\(expectsResponse ? ", with an answer" : "")"
        }
    }
}
