/// GET STATUS (GPCS 2.3.1, 11.4): `80 F2 P1 P2 4F LV [further criteria] [5C LV] 00`, answered in the form E3, or in the old one of fixed fields.
public struct GetStatusCommand: Hashable, Sendable {
    /// P1.
    public enum Scope: UInt8, Hashable, Sendable, CaseIterable {
        case issuerSecurityDomain = 0x80
        case applications = 0x40
        case loadFiles = 0x20
        case loadFilesAndModules = 0x10
    }

    public var scope: Scope
    /// 4F: 0 to 16 bytes; empty matches all.
    public var aidPrefix: [UInt8]
    /// 5C: the tags to answer; nil = the card's own choice.
    public var tagList: [TLVTag]?
    /// P2.b1: the next page after 6310.
    public var next: Bool
    /// P2.b2 clear: the form of GPCS 2.1.1, deprecated since (table 11-35).
    public var oldForm = false
    /// Further search criteria: an entry must have each of these objects (9F70, C5, C4, CC).
    public var criteria: [TLV] = []

    public init(scope: Scope, aidPrefix: [UInt8] = [], tagList: [TLVTag]? = nil, next: Bool = false, oldForm: Bool = false, criteria: [TLV] = []) {
        self.scope = scope
        self.aidPrefix = aidPrefix
        self.tagList = tagList
        self.next = next
        self.oldForm = oldForm
        self.criteria = criteria
    }

    public init(scope: Scope, aid: AID) {
        self.init(scope: scope, aidPrefix: aid.bytes)
    }

    /// The same search, next page.
    public var nextPage: GetStatusCommand {
        var page = self
        page.next = true
        return page
    }

    public var apdu: CommandAPDU {
        var objects = [TLV(0x4F, aidPrefix)] + criteria
        if let tagList { objects.append(TLV(0x5C, tagList.flatMap(\.bytes))) }
        let p2: UInt8 = (next ? 0x01 : 0x00) | (oldForm ? 0x00 : 0x02)
        return CommandAPDU(cla: 0x80, ins: Instruction.getStatus, p1: scope.rawValue, p2: p2, data: objects.bytes, expectedLength: 256)
    }

    /// Reads the command as a card does; a tag list is no part of the old form.
    public static func parse(_ command: CommandAPDU) throws(FormatError) -> GetStatusCommand {
        let structure = "GET STATUS"
        guard command.ins == Instruction.getStatus else { throw FormatError(.instruction, structure, "INS", "it is another command") }
        guard let scope = Scope(rawValue: command.p1) else { throw FormatError(.parameters, structure, "P1", "one scope of 80, 40, 20, 10 was expected") }
        guard command.p2 & ~0x03 == 0x00 else { throw FormatError(.parameters, structure, "P2", "00 to 03 was expected") }
        let oldForm = command.p2 & 0x02 == 0
        var objects = try TLV.read(command.data, structure, "data")
        guard let search = objects.first, search.tag == 0x4F else { throw FormatError(.data, structure, "4F", "the search criterion is missing") }
        guard search.value.count <= 16 else { throw FormatError(.data, structure, "4F", "an AID has at most 16 bytes") }
        objects.removeFirst()
        var tagList: [TLVTag]?
        if let last = objects.last, last.tag == 0x5C {
            guard !oldForm else { throw FormatError(.data, structure, "5C", "the old form has no tag list") }
            tagList = try tags(in: last.value)
            objects.removeLast()
        }
        guard objects.allSatisfy({ criterionTags.contains($0.tag) }) else {
            throw FormatError(.data, structure, "data", "only 4F, 9F70, C5, C4, CC and a last 5C are known")
        }
        return GetStatusCommand(
            scope: scope, aidPrefix: search.value, tagList: tagList, next: command.p2 & 0x01 != 0, oldForm: oldForm, criteria: objects)
    }

    private static let criterionTags: Set<TLVTag> = [0x9F70, 0xC5, 0xC4, 0xCC]

    private static func tags(in list: [UInt8]) throws(FormatError) -> [TLVTag] {
        var tags: [TLVTag] = []
        var index = 0
        while index < list.count {
            var value = UInt32(list[index])
            index += 1
            if value & 0x1F == 0x1F {
                var more = true
                while more {
                    guard index < list.count, value <= 0xFFFFFF else { throw FormatError(.data, "GET STATUS", "5C", "the list of tags is cut short") }
                    value = value << 8 | UInt32(list[index])
                    more = list[index] & 0x80 != 0
                    index += 1
                }
            }
            tags.append(TLVTag(rawValue: value))
        }
        return tags
    }
}
