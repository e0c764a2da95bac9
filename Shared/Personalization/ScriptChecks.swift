import GlobalPlatform

/// What must be true of a script whatever values are given. Pure.
enum ScriptChecks {
    /// Commands that a script may send by itself: what it stores in the application, and what it reads. Content and keys of the domain are the TSM's.
    static func checkHeader(_ header: [UInt8], _ place: ScriptPlace) throws(ScriptError) {
        switch (header[0], header[1]) {
        case (0x80, Instruction.storeData), (0x80, Instruction.getStatus), (0x80, Instruction.getData), (0x00, Instruction.getData): return
        default:
            throw ScriptError(.command, line: place.line, column: place.column,
                              "\(Instruction.name(header[1])) with class \(Hex.encodeUpperCase([header[0]])) may not be sent by a script: STORE DATA, GET DATA and GET STATUS may")
        }
    }

    /// Why a command cannot stand where it does in its personalisation session.
    static func objection(to command: PersonalizationProgram.Command, after earlier: [PersonalizationProgram.Command]) -> String? {
        guard command.storesPlainly || command.isStore else { return nil }
        if earlier.contains(where: \.endsPersonalization) {
            return "the command before has ended the personalisation session; put a line 'session' before this one"
        }
        let hasOther = earlier.contains { command.isStore ? $0.storesPlainly : $0.isStore }
        return hasOther ? "blocks are numbered either by store or by hand; put a line 'session' between" : nil
    }

    static func check(_ program: PersonalizationProgram, installPlace: ScriptPlace?) throws(ScriptError) {
        let declared = program.declared()
        var used: Set<ValueName> = []
        if let install = program.installParameters, let place = installPlace {
            try check(install, declared, sources: [.installationData, .spParameters], in: "install", &used)
            if install.holdsEncrypted {
                throw ScriptError(.encryption, line: place.line, column: place.column, "install parameters are not encrypted under the data encryption key")
            }
            try limit(install.lengths(declared).upperBound, ScriptLimits.installParameters, "install parameters", place)
        }
        var total = 0
        for command in program.commands {
            guard let expression = command.expression else { continue }
            let place = ScriptPlace(line: command.line, column: 1)
            try check(expression, declared, sources: [.personalizationData, .spParameters], in: "commands", &used)
            let most = expression.lengths(declared).upperBound
            if case .plain = command.content {
                try limit(most, ScriptLimits.plainData, "the data of one command", place)
            } else {
                try limit(most, ScriptLimits.storeData, "the data of one store", place)
            }
            total += most
            try limit(total, ScriptLimits.total, "the data of all commands up to here", place)
        }
        for session in program.sessions {
            guard let first = session.first else { continue }
            let blocks = session.reduce(0) { $0 + $1.maximumCount(declared) }
            guard blocks <= 256 else {
                throw ScriptError(.limit, line: first.line, column: 1, "the session that begins here can have \(blocks) commands, and blocks are counted to 256; put a line 'session' between")
            }
        }
        if let idle = program.declarations.first(where: { !used.contains($0.name) }) {
            throw ScriptError(.name, line: idle.place.line, column: idle.place.column, "\(idle.name) is declared and not used")
        }
    }

    private static func limit(_ count: Int, _ maximum: Int, _ what: String, _ place: ScriptPlace) throws(ScriptError) {
        guard count > maximum else { return }
        throw ScriptError(.limit, line: place.line, column: place.column, "\(what) can have \(count) bytes, at most \(maximum) are allowed")
    }

    private static func check(_ expression: ByteExpression, _ declared: [ValueName: ValueDeclaration], sources: [ValueSource], in part: String, _ used: inout Set<ValueName>) throws(ScriptError) {
        for (name, place) in expression.references {
            guard declared[name] != nil else {
                throw ScriptError(.name, line: place.line, column: place.column, "${\(name)} is not declared: nothing can fill it")
            }
            guard sources.contains(name.source) else {
                throw ScriptError(.name, line: place.line, column: place.column,
                                  "\(name.source.rawValue) cannot be used in \(part): only \(sources.map(\.rawValue).joined(separator: " and ")) is there when they are sent")
            }
            used.insert(name)
        }
        try checkParts(expression, declared, isEncrypted: false)
    }

    private static func checkParts(_ expression: ByteExpression, _ declared: [ValueName: ValueDeclaration], isEncrypted: Bool) throws(ScriptError) {
        switch expression {
        case .bytes, .value: return
        case .sequence(let parts): for part in parts { try checkParts(part, declared, isEncrypted: isEncrypted) }
        case .object(_, let inner), .grouping(_, let inner), .padded(let inner): try checkParts(inner, declared, isEncrypted: isEncrypted)
        case .lengthPrefixed(let inner, let place):
            try limit(inner.lengths(declared).upperBound, 255, "LV{…}", place)
            try checkParts(inner, declared, isEncrypted: isEncrypted)
        case .encrypted(let inner, let place):
            guard !isEncrypted else { throw ScriptError(.encryption, line: place.line, column: place.column, "DEK{…} stands in another DEK{…}") }
            let lengths = inner.lengths(declared)
            guard inner.remainder(declared) == 0, lengths.lowerBound > 0 else {
                throw ScriptError(.encryption, line: place.line, column: place.column,
                                  "DEK{…} takes whole blocks of 16 bytes, and this has \(lengths.words); put PAD{…} around what is in it, or declare other lengths")
            }
            try limit(lengths.upperBound, ScriptLimits.encrypted, "DEK{…}", place)
            try checkParts(inner, declared, isEncrypted: true)
        }
    }
}

extension PersonalizationProgram.Command {
    /// STORE DATA whose blocks the script numbers itself.
    var storesPlainly: Bool { if case .plain(let header, _, _) = content { header[1] == Instruction.storeData } else { false } }

    /// The application gets no more STORE DATA after it: another command, or a last block.
    var endsPersonalization: Bool {
        guard case .plain(let header, _, _) = content else { return false }
        return header[1] != Instruction.storeData || header[2] & 0x80 != 0
    }
}
