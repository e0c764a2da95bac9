import GlobalPlatform

/// A script's command with its values, before secure messaging.
public struct FilledCommand: Sendable, Hashable {
    public var label: String
    /// Plain; what is to be encrypted under the data encryption key is so yet.
    public var apdu: CommandAPDU
    /// Ranges of the command data that the vault encrypts, whole blocks each.
    public var encrypted: [Range<Int>]
    /// The command as it may be shown and stored: zeros where values of the SP app's or encrypted parts stand.
    public var shown: CommandAPDU
    public var expected: [StatusPattern]
}

/// What the placeholders are filled with.
public struct ProgramValues: Sendable, Hashable {
    public var installationData: [String: String]
    public var personalizationData: [String: String]
    public var spParameters: [String: String]

    public init(installationData: [String: String] = [:], personalizationData: [String: String] = [:], spParameters: [String: String] = [:]) {
        self.installationData = installationData
        self.personalizationData = personalizationData
        self.spParameters = spParameters
    }

    subscript(name: ValueName) -> String? {
        switch name.source {
        case .installationData: installationData[name.name]
        case .personalizationData: personalizationData[name.name]
        case .spParameters: spParameters[name.name]
        }
    }
}

extension PersonalizationProgram {
    /// - Throws: ``ValueError`` for the first declared value of these sources, in the script's order, that is missing or does not fit.
    public func check(_ values: ProgramValues, of sources: Set<ValueSource>) throws(ValueError) {
        for declaration in declarations where sources.contains(declaration.name.source) { _ = try bytes(declaration, values) }
    }

    /// What is added to the install parameters; nil: nothing.
    public func installParameters(_ values: ProgramValues) throws(ValueError) -> [UInt8]? {
        guard let installParameters else { return nil }
        var filling = Filling(declared: declared(), values: values)
        try filling.append(installParameters)
        return filling.bytes
    }

    /// The commands of each session.
    /// - Parameter payload: bytes of data that one command takes under secure messaging; at least ``ScriptLimits/plainData``.
    public func filledSessions(_ values: ProgramValues, payload: Int) throws(ValueError) -> [[FilledCommand]] {
        let declared = declared()
        var filled: [[FilledCommand]] = []
        for session in sessions {
            var commands: [FilledCommand] = []
            for command in session { commands += try fill(command, declared, values, payload, firstBlock: commands.count) }
            // The last STORE DATA that store makes says so; those made by hand say what the script says.
            if let last = session.last(where: \.isStore), let index = commands.lastIndex(where: { $0.label == last.label }) {
                commands[index].apdu.p1 |= 0x80
                commands[index].shown.p1 |= 0x80
            }
            filled.append(commands)
        }
        return filled
    }

    private func bytes(_ declaration: ValueDeclaration, _ values: ProgramValues) throws(ValueError) -> [UInt8] {
        guard let text = values[declaration.name] else { throw ValueError(declaration.name, "is missing") }
        return try declaration.encode(text)
    }

    private func fill(_ command: Command, _ declared: [ValueName: ValueDeclaration], _ values: ProgramValues, _ payload: Int, firstBlock: Int) throws(ValueError) -> [FilledCommand] {
        var filling = Filling(declared: declared, values: values)
        if let expression = command.expression { try filling.append(expression) }
        switch command.content {
        case .plain(let header, _, let expectedLength):
            return [filling.command(0..<filling.bytes.count, label: command.label, expected: command.expected,
                                    CommandAPDU(cla: header[0], ins: header[1], p1: header[2], p2: header[3], expectedLength: expectedLength))]
        case .store(let structure, let encryption, let expectsResponse, _):
            return filling.blocks(payload).enumerated().map { offset, range in
                let store = StoreDataCommand(blockNumber: UInt8(truncatingIfNeeded: firstBlock + offset), isLast: false, structure: structure,
                                             encryption: encryption, expectsResponse: expectsResponse, data: [])
                return filling.command(range, label: command.label, expected: command.expected, store.apdu)
            }
        }
    }
}

/// Bytes as they come together, with what of them is secret and what is to be encrypted.
private struct Filling {
    let declared: [ValueName: ValueDeclaration]
    let values: ProgramValues
    var bytes: [UInt8] = []
    var secret: [Range<Int>] = []
    var encrypted: [Range<Int>] = []

    init(declared: [ValueName: ValueDeclaration], values: ProgramValues) {
        self.declared = declared
        self.values = values
    }

    mutating func append(_ expression: ByteExpression) throws(ValueError) {
        switch expression {
        case .bytes(let literal): bytes += literal
        case .value(let name, _):
            guard let declaration = declared[name], let text = values[name] else { throw ValueError(name, "is missing") }
            let value = try declaration.encode(text)
            if name.source.isSecret { secret.append(bytes.count..<bytes.count + value.count) }
            bytes += value
        case .sequence(let parts): for part in parts { try append(part) }
        case .lengthPrefixed(let inner, _): try append(inner) { [UInt8(truncatingIfNeeded: $0)] }
        case .object(let tag, let inner): try append(inner) { tag + TLV.encodeLength($0) }
        case .grouping(let identifier, let inner):
            try append(inner) { identifier + ($0 < 0xFF ? [UInt8($0)] : [0xFF, UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)]) }
        case .padded(let inner):
            let start = bytes.count
            try append(inner)
            bytes.append(0x80)
            while (bytes.count - start) % ByteExpression.block != 0 { bytes.append(0) }
        case .encrypted(let inner, _):
            let start = bytes.count
            try append(inner)
            encrypted.append(start..<bytes.count)
        }
    }

    private mutating func append(_ inner: ByteExpression, header: (Int) -> [UInt8]) throws(ValueError) {
        var own = Filling(declared: declared, values: values)
        try own.append(inner)
        bytes += header(own.bytes.count)
        secret += own.secret.map { $0.lowerBound + bytes.count..<$0.upperBound + bytes.count }
        encrypted += own.encrypted.map { $0.lowerBound + bytes.count..<$0.upperBound + bytes.count }
        bytes += own.bytes
    }

    /// As few blocks as possible, none of which ends within a part to be encrypted. One empty block for no data.
    func blocks(_ payload: Int) -> [Range<Int>] {
        var blocks: [Range<Int>] = []
        var start = 0
        repeat {
            var end = min(start + payload, bytes.count)
            if let cut = encrypted.first(where: { $0.lowerBound < end && end < $0.upperBound }), cut.lowerBound > start { end = cut.lowerBound }
            blocks.append(start..<end)
            start = end
        } while start < bytes.count
        return blocks
    }

    func command(_ range: Range<Int>, label: String, expected: [StatusPattern], _ header: CommandAPDU) -> FilledCommand {
        var shown = bytes
        for hidden in secret + encrypted { for index in hidden { shown[index] = 0 } }
        var apdu = header, masked = header
        apdu.data = Array(bytes[range])
        masked.data = Array(shown[range])
        let parts = encrypted.filter { range.lowerBound <= $0.lowerBound && $0.upperBound <= range.upperBound }
            .map { $0.lowerBound - range.lowerBound..<$0.upperBound - range.lowerBound }
        return FilledCommand(label: label, apdu: apdu, encrypted: parts, shown: masked, expected: expected)
    }
}
