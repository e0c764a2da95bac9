import GlobalPlatform

extension PersonalizationProgram {
    /// Reads a script and checks all that can be known before values are given.
    /// - Throws: ``ScriptError`` for the first thing that is wrong.
    public init(parsing bytes: [UInt8]) throws(ScriptError) {
        var parser = ScriptParser()
        for (index, line) in try ScriptText.lines(bytes).enumerated() {
            try parser.read(line, number: index + 1)
        }
        self = try parser.finished()
    }

    public init(parsing text: String) throws(ScriptError) { try self.init(parsing: Array(text.utf8)) }
}

/// Collects the statements of a script, line by line.
struct ScriptParser {
    private var declarations: [ValueDeclaration] = []
    private var installParameters: (expression: ByteExpression, place: ScriptPlace)?
    private var sessions: [[PersonalizationProgram.Command]] = []
    /// A `session` line that no command has followed yet.
    private var openedSession: ScriptPlace?
    private var labels: Set<String> = []

    mutating func read(_ text: Substring, number: Int) throws(ScriptError) {
        let tokens = try ScriptScanner.tokens(text, line: number)
        guard !tokens.isEmpty else { return }
        var line = ScriptLine(tokens: tokens, number: number, end: text.unicodeScalars.count + 1)
        let place = line.place
        switch try line.word("a statement: version, declare, install, session, store or apdu") {
        case "version": try readVersion(&line, place)
        case "declare": try readDeclaration(&line, place)
        case "install": try readInstall(&line, place)
        case "session":
            if let openedSession { throw ScriptError(.command, line: openedSession.line, column: openedSession.column, "this session has no command") }
            openedSession = place
        case "store": try readStore(&line, place)
        case "apdu": try readPlain(&line, place)
        default: throw ScriptError(.syntax, line: number, column: place.column, "a line begins with version, declare, install, session, store or apdu")
        }
        try line.requireEnd()
    }

    func finished() throws(ScriptError) -> PersonalizationProgram {
        if let openedSession { throw ScriptError(.command, line: openedSession.line, column: openedSession.column, "this session has no command") }
        let program = PersonalizationProgram(declarations: declarations, installParameters: installParameters?.expression, sessions: sessions)
        try ScriptChecks.check(program, installPlace: installParameters?.place)
        return program
    }

    // MARK: statements

    private func readVersion(_ line: inout ScriptLine, _ place: ScriptPlace) throws(ScriptError) {
        guard try line.word("the version of the format") == "1" else { throw ScriptError(.syntax, line: place.line, column: place.column, "this TSM knows version 1 of the format") }
        guard declarations.isEmpty, installParameters == nil, sessions.isEmpty, openedSession == nil else {
            throw ScriptError(.syntax, line: place.line, column: place.column, "version comes before everything else")
        }
    }

    /// `declare SOURCE.NAME TYPE LENGTH`
    private mutating func readDeclaration(_ line: inout ScriptLine, _ place: ScriptPlace) throws(ScriptError) {
        guard declarations.count < ScriptLimits.declarations else { throw ScriptError(.limit, line: place.line, column: place.column, "a script declares at most \(ScriptLimits.declarations) values") }
        let namePlace = line.place
        let name = try ScriptNames.valueName(try line.word("a name such as personalizationData.holder"), namePlace)
        guard !declarations.contains(where: { $0.name == name }) else { throw ScriptError(.name, line: namePlace.line, column: namePlace.column, "\(name) is declared twice") }
        let kindPlace = line.place
        guard let kind = ValueDeclaration.Kind(rawValue: try line.word("a type: hex, utf8 or bcd")) else {
            throw ScriptError(.syntax, line: kindPlace.line, column: kindPlace.column, "a type is expected: hex, utf8 or bcd")
        }
        let lengthPlace = line.place
        let word = try line.word("a length such as 16 or 1..64")
        let parts = word.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.filter { !$0.isEmpty }.map { Int($0) ?? -1 }
        guard parts.count == 1 || (parts.count == 3 && parts[1].isEmpty), let least = numbers.first, let most = numbers.last, numbers.count == (parts.count == 1 ? 1 : 2),
              least >= 0, least <= most, most > 0 else {
            throw ScriptError(.syntax, line: lengthPlace.line, column: lengthPlace.column, "a length such as 16 or 1..64 is expected")
        }
        guard most <= ScriptLimits.value else { throw ScriptError(.limit, line: lengthPlace.line, column: lengthPlace.column, "a value has at most \(ScriptLimits.value) \(kind == .bcd ? "digits" : "bytes")") }
        declarations.append(ValueDeclaration(name: name, kind: kind, lengths: least...most, place: namePlace))
    }

    /// `install: EXPRESSION`
    private mutating func readInstall(_ line: inout ScriptLine, _ place: ScriptPlace) throws(ScriptError) {
        guard installParameters == nil else { throw ScriptError(.command, line: place.line, column: place.column, "install stands in a script once") }
        try line.require(":")
        installParameters = (try line.expression(), place)
    }

    /// `store LABEL [raw|tlv|dgi] [encrypted|mixed] [answer]: EXPRESSION [-> STATUS…]`
    private mutating func readStore(_ line: inout ScriptLine, _ place: ScriptPlace) throws(ScriptError) {
        let label = try self.label(&line)
        var structure: StoreDataCommand.Structure?, encryption: StoreDataCommand.Encryption?, answer = false
        while !line.isAt(":") {
            let at = line.place
            switch try line.word("an option, or ':'") {
            case "raw" where structure == nil: structure = .unspecified
            case "tlv" where structure == nil: structure = .berTLV
            case "dgi" where structure == nil: structure = .dgi
            case "encrypted" where encryption == nil: encryption = .encrypted
            case "mixed" where encryption == nil: encryption = .applicationDependent
            case "answer" where !answer: answer = true
            default: throw ScriptError(.syntax, line: at.line, column: at.column, "options of store are one of raw, tlv, dgi; one of encrypted, mixed; and answer")
            }
        }
        try line.require(":")
        let expression = try line.expression()
        try add(PersonalizationProgram.Command(
            label: label, line: place.line, expected: try line.expectedStatus(),
            content: .store(structure: structure ?? .unspecified, encryption: encryption ?? .none, expectsResponse: answer, expression)), place)
    }

    /// `apdu LABEL: HEADER [{ EXPRESSION }] [LE] [-> STATUS…]`
    private mutating func readPlain(_ line: inout ScriptLine, _ place: ScriptPlace) throws(ScriptError) {
        let label = try self.label(&line)
        try line.require(":")
        let headerPlace = line.place
        guard let header = try? Hex.decode(try line.word("CLA INS P1 P2 as eight digits")), header.count == 4 else {
            throw ScriptError(.syntax, line: headerPlace.line, column: headerPlace.column, "CLA, INS, P1 and P2 are expected as eight hexadecimal digits in one")
        }
        try ScriptChecks.checkHeader(header, headerPlace)
        let data = line.isAt("{") ? try line.braced(depth: 1) : nil
        var expectedLength: Int?
        if line.isAtWord {
            let at = line.place
            guard let byte = try? Hex.decode(try line.word("Le")), byte.count == 1 else { throw ScriptError(.syntax, line: at.line, column: at.column, "Le is expected as two hexadecimal digits; data stands in braces") }
            expectedLength = byte[0] == 0 ? 256 : Int(byte[0])
        }
        try add(PersonalizationProgram.Command(label: label, line: place.line, expected: try line.expectedStatus(),
                                               content: .plain(header: header, data, expectedLength: expectedLength)), place)
    }

    // MARK: parts

    private mutating func label(_ line: inout ScriptLine) throws(ScriptError) -> String {
        let place = line.place
        let label = try line.word("a label")
        guard ScriptNames.isName(label) else {
            throw ScriptError(.name, line: place.line, column: place.column, "a label begins with a letter and has at most 64 letters, digits, '.', '_' or '-'")
        }
        guard labels.insert(label).inserted else { throw ScriptError(.name, line: place.line, column: place.column, "the label '\(label)' is used twice") }
        return label
    }

    private mutating func add(_ command: PersonalizationProgram.Command, _ place: ScriptPlace) throws(ScriptError) {
        guard sessions.reduce(0, { $0 + $1.count }) < ScriptLimits.commands else {
            throw ScriptError(.limit, line: place.line, column: place.column, "a script has at most \(ScriptLimits.commands) commands")
        }
        if openedSession != nil || sessions.isEmpty { sessions.append([]) }
        openedSession = nil
        if let reason = ScriptChecks.objection(to: command, after: sessions[sessions.count - 1]) {
            throw ScriptError(.command, line: place.line, column: place.column, reason)
        }
        sessions[sessions.count - 1].append(command)
    }
}
