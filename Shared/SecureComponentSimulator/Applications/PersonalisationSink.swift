import GlobalPlatform

/// What an instance keeps instead of running: its personalisation data. It executes no bytecode.
struct SinkData: Codable, Hashable, Sendable {
    var package: AID
    var version: VersionNumber
    var module: AID
    /// Whether the package uses org.globalplatform, without which an applet cannot take personalisation data.
    var acceptsPersonalization: Bool
    var token = HexBytes([])
    /// By tag in hexadecimal.
    var fields: [String: HexBytes] = [:]
    /// Data of an instance that the table does not know, as it came.
    var raw = HexBytes([])
    var buffer = HexBytes([])
    var counter: UInt16 = 0

    init(loadFile: LoadFileRecord, module: AID, installParameters: [UInt8]) throws(Refusal) {
        package = loadFile.aid
        version = loadFile.version
        self.module = module
        acceptsPersonalization = loadFile.imports.contains { $0.bytes == PlatformRequirements.globalPlatformPackage }
        for field in description.fields where field.fromInstallParameters > 0 && installParameters.count >= field.fromInstallParameters {
            fields[Hex.encode([field.tag])] = HexBytes(installParameters.prefix(field.fromInstallParameters))
        }
    }

    /// The instance goes on with another version of its package.
    mutating func moved(to loadFile: LoadFileRecord) {
        version = loadFile.version
        acceptsPersonalization = loadFile.imports.contains { $0.bytes == PlatformRequirements.globalPlatformPackage }
    }

    var description: SinkDescription { SinkDescription.find(package: package, version: version, module: module) }

    var size: Int { token.bytes.count + raw.bytes.count + buffer.bytes.count + fields.values.reduce(0) { $0 + $1.bytes.count } }

    /// STORE DATA, handed over as a whole.
    /// - Returns: why it is refused; the data is then as before.
    mutating func personalize(_ command: CommandAPDU) -> Refusal? {
        var changed = self
        do { try changed.take(command) } catch { return error }
        self = changed
        return nil
    }

    private mutating func take(_ command: CommandAPDU) throws(Refusal) {
        let description = description
        if description.isGeneric {
            guard raw.bytes.count + command.data.count <= 4096 else { throw Refusal(.notEnoughMemory, "an instance keeps at most 4096 bytes") }
            raw.bytes += command.data
            return
        }
        // BER-TLV data that begins a token (7F41), and every further block of such data.
        if description.tokenCapacity > 0, command.p1 & 0x7F == 0x10, command.p2 != 0 || command.data.first == 0x7F {
            if command.p2 == 0 { token.bytes = [] }
            guard token.bytes.count + command.data.count <= description.tokenCapacity else {
                throw Refusal(.notEnoughMemory, "a token has at most \(description.tokenCapacity) bytes")
            }
            token.bytes += command.data
            return
        }
        var reader = FieldReader(command.data, structure: "personalisation data")
        while !reader.isAtEnd {
            let (tag, value) = try Refusal.reading { () throws(FormatError) in (try reader.byte("tag"), try reader.field("value")) }
            guard let field = description.fields.first(where: { $0.tag == tag }) else { throw Refusal(.incorrectData, "there is no field \(Hex.encodeUpperCase([tag]))") }
            guard field.lengths.contains(value.count) else { throw Refusal(.incorrectData, "field \(Hex.encodeUpperCase([tag])) cannot have \(value.count) bytes") }
            fields[Hex.encode([tag])] = HexBytes(value)
        }
    }

    /// A command to the selected instance.
    mutating func process(_ command: CommandAPDU) throws(Refusal) -> [UInt8] {
        let description = description
        if description.isGeneric { return try readRaw(command) }
        guard let known = description.commands.first(where: { $0.ins == command.ins }) else {
            let isKnownClass = description.commands.contains { $0.cla == nil || $0.cla == command.cla & 0xFC }
            throw Refusal(isKnownClass ? .instructionNotSupported : .classNotSupported, "bytecode is not executed: only reading of personalisation data is known")
        }
        guard known.cla == nil || known.cla == command.cla & 0xFC else { throw Refusal(.classNotSupported, "the applet's class is another") }
        let offset = Int(command.p2)
        switch known.answer {
        case .constant(let bytes): return bytes
        case .field(let tag): return fields[Hex.encode([tag])]?.bytes ?? []
        case .token(let page):
            let from = Int(command.p1) << 8 | Int(command.p2)
            guard from <= token.bytes.count else { throw Refusal(.incorrectP1P2ForApplet, "the token has \(token.bytes.count) bytes") }
            return Array(token.bytes.dropFirst(from).prefix(page))
        case .readBuffer(let size):
            let length = min(command.expectedLength ?? 0, size - offset)
            let content = buffer.bytes + [UInt8](repeating: 0, count: max(0, size - buffer.bytes.count))
            return Array(content.dropFirst(offset).prefix(max(length, 0)))
        case .writeBuffer(let size):
            guard offset + command.data.count <= size else { throw Refusal(.incorrectP1P2ForApplet, "the buffer has \(size) bytes") }
            var content = buffer.bytes + [UInt8](repeating: 0, count: max(0, offset + command.data.count - buffer.bytes.count))
            content.replaceSubrange(offset..<offset + command.data.count, with: command.data)
            buffer.bytes = content
            return []
        case .count:
            counter &+= 1
            return [UInt8(counter >> 8), UInt8(counter & 0xFF)]
        }
    }

    /// `80 CA tag`: a data object of the stored data, or with tag 0000 all of it.
    private func readRaw(_ command: CommandAPDU) throws(Refusal) -> [UInt8] {
        guard command.cla & 0xFC == 0x80 else { throw Refusal(.classNotSupported, "the class is 80") }
        guard command.ins == Instruction.getData else {
            throw Refusal(.instructionNotSupported, "bytecode is not executed: only GET DATA of personalisation data is known")
        }
        let tag = TLVTag(rawValue: UInt32(command.p1) << 8 | UInt32(command.p2))
        if tag.rawValue == 0 { return Array(raw.bytes.prefix(256)) }
        guard let objects = try? TLV.parseAll(raw.bytes), let object = objects.last(where: { $0.tag == tag }) else {
            throw Refusal(.referencedDataNotFound, "no data object \(tag) was stored")
        }
        return object.bytes
    }
}

extension CardEngine {
    mutating func sink(_ command: CommandAPDU, _ application: ApplicationRecord) throws(Refusal) -> ResponseAPDU {
        guard let index = image.applicationIndex(application.aid), var sink = image.applications[index].sink else {
            throw Refusal(.conditionsNotSatisfied, "\(application.aid) is gone")
        }
        let data = try sink.process(command)
        image.applications[index].sink = sink
        return ResponseAPDU(data: data, statusWord: .success)
    }
}

extension StatusWord {
    /// ISO7816.SW_WRONG_P1P2 of the Java Card API.
    static let incorrectP1P2ForApplet = StatusWord(rawValue: 0x6B00)
}
