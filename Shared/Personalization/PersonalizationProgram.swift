import GlobalPlatform

/// A PersonalizationScript, read and checked: what it takes, what it adds to the install parameters, and the commands of each of its personalisation
/// sessions. The format is described in docs/personalization-script.md; the TR leaves it to the TSM (TR-03165 4.1.4.16).
///
/// A program that was read can be filled with any values that its declarations accept: all its limits hold for the longest of them.
public struct PersonalizationProgram: Sendable, Hashable {
    public struct Command: Sendable, Hashable {
        enum Content: Sendable, Hashable {
            case store(structure: StoreDataCommand.Structure, encryption: StoreDataCommand.Encryption, expectsResponse: Bool, ByteExpression)
            /// CLA, INS, P1, P2; Ne.
            case plain(header: [UInt8], ByteExpression?, expectedLength: Int?)
        }

        /// Names the command in results and messages; unique in the script.
        public var label: String
        public var line: Int
        /// Status words that count as success.
        public var expected: [StatusPattern]
        var content: Content

        var expression: ByteExpression? {
            switch content {
            case .store(_, _, _, let expression): expression
            case .plain(_, let expression, _): expression
            }
        }
    }

    /// In the order of the script.
    public var declarations: [ValueDeclaration]
    var installParameters: ByteExpression?
    /// Each begins with INSTALL [for personalization].
    public var sessions: [[Command]]

    public var commands: [Command] { sessions.flatMap { $0 } }
    public var addsInstallParameters: Bool { installParameters != nil }

    func declared() -> [ValueName: ValueDeclaration] { Dictionary(declarations.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }) }

    /// C-APDUs at most, with those that begin the sessions, whatever values are given and whatever secure messaging takes.
    public var maximumCommandCount: Int {
        let declared = declared()
        return sessions.reduce(0) { sum, session in sum + 1 + session.reduce(0) { $0 + $1.maximumCount(declared) } }
    }
}

extension PersonalizationProgram.Command {
    /// Made by store, not by hand.
    var isStore: Bool { if case .store = content { true } else { false } }

    func maximumCount(_ declared: [ValueName: ValueDeclaration]) -> Int {
        guard case .store(_, _, _, let expression) = content else { return 1 }
        // Where a DEK{…} would be cut a block ends early: any two blocks in sequence hold more than one could take.
        let blocks = (expression.lengths(declared).upperBound + ScriptLimits.plainData - 1) / ScriptLimits.plainData
        return max(1, expression.holdsEncrypted ? 2 * blocks : blocks)
    }
}

extension ByteExpression {
    var holdsEncrypted: Bool {
        switch self {
        case .bytes, .value: false
        case .sequence(let parts): parts.contains(where: \.holdsEncrypted)
        case .lengthPrefixed(let inner, _), .object(_, let inner), .grouping(_, let inner), .padded(let inner): inner.holdsEncrypted
        case .encrypted: true
        }
    }
}
