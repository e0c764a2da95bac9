import GlobalPlatform

/// The C-APDUs that one session contributes to an order, with the names of what they do.
public struct OrderPiece: Codable, Sendable, Hashable {
    public enum Part: String, Codable, Sendable {
        /// Predicted: the whole session.
        case whole
        /// Random: SELECT and INITIALIZE UPDATE, whose answer the rest needs.
        case opening
        /// Random: EXTERNAL AUTHENTICATE and everything after it.
        case rest
    }

    /// A named run of C-APDUs within the piece.
    public struct Step: Codable, Sendable, Hashable {
        public var name: String
        public var first: Int
        public var count: Int

        public init(name: String, first: Int, count: Int) {
            self.name = name
            self.first = first
            self.count = count
        }
    }

    /// Index of the session in the process's plan.
    public var session: Int
    public var part: Part
    public var commands: [HexBytes]
    public var steps: [Step]

    public init(session: Int, part: Part, commands: [HexBytes], steps: [Step]) {
        self.session = session
        self.part = part
        self.commands = commands
        self.steps = steps
    }

    /// Name of the step that C-APDU `index` belongs to.
    public func stepName(at index: Int) -> String? {
        steps.first { $0.first <= index && index < $0.first + $0.count }?.name
    }
}

/// What the agent was sent, without the bytes: enough to take its report apart.
public struct OrderLayout: Codable, Sendable, Hashable {
    public struct Entry: Codable, Sendable, Hashable {
        public var session: Int
        public var part: OrderPiece.Part
        public var count: Int
        public var steps: [OrderPiece.Step]

        public init(session: Int, part: OrderPiece.Part, count: Int, steps: [OrderPiece.Step]) {
            self.session = session
            self.part = part
            self.count = count
            self.steps = steps
        }

        public func stepName(at index: Int) -> String? {
            steps.first { $0.first <= index && index < $0.first + $0.count }?.name
        }
    }

    public var entries: [Entry]
    public var total: Int { entries.reduce(0) { $0 + $1.count } }

    public init(_ pieces: [OrderPiece]) {
        entries = pieces.map { Entry(session: $0.session, part: $0.part, count: $0.commands.count, steps: $0.steps) }
    }
}
