import GlobalPlatform
import Personalization
import Testing

@Suite("PersonalizationScripts: what is one, and what is wrong where")
struct ScriptParserTests {
    @Test("a script with everything")
    func whole() throws {
        let program = try PersonalizationProgram(parsing: Scripts.whole)
        #expect(program.declarations.map(\.name.description) == [
            "personalizationData.holder", "personalizationData.key", "personalizationData.pin", "installationData.rides", "spParameters.line",
        ])
        #expect(program.sessions.map { $0.map(\.label) } == [["holder", "key"], ["end", "status"]])
        #expect(program.addsInstallParameters && program.maximumCommandCount == 2 + 1 + 2 + 2)
        #expect(program.explanation == [
            "takes personalizationData.holder: utf8, 1 to 64 bytes", "takes personalizationData.key: hex, 16 bytes", "takes personalizationData.pin: bcd, 4 to 12 digits",
            "takes installationData.rides: hex, 2 bytes", "takes spParameters.line: utf8, 1 to 8 bytes", "adds 4 bytes to the install parameters",
            "session 1: INSTALL [for personalization]", "  holder (line 10): STORE DATA, 5 to 75 bytes, expects 9000",
            "  key (line 11): STORE DATA, 38 bytes of data groupings, parts of it encrypted under the data encryption key, with an answer, expects 9000 or 62xx",
            "session 2: INSTALL [for personalization]", "  end (line 13): STORE DATA 80E29000, 7 bytes, expects 9000", "  status (line 14): GET DATA 00CA0066, no data, expects 9000",
        ])
    }

    @Test("nothing is a script that does nothing", arguments: ["", "\n\n", "# only words", "\u{FEFF}version 1\r\n# Windows\r\n"])
    func nothing(text: String) throws {
        let program = try PersonalizationProgram(parsing: text)
        #expect(program.sessions.isEmpty && program.declarations.isEmpty && program.explanation == ["does nothing"])
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        var text: String, code: ScriptError.Code, line: Int, column: Int
        init(_ text: String, _ code: ScriptError.Code, _ line: Int, _ column: Int) { (self.text, self.code, self.line, self.column) = (text, code, line, column) }
        var testDescription: String { String(text.prefix(60)) }
    }

    static let name = "declare personalizationData.n hex 1..16\n"

    @Test("faults, with code, line and column", arguments: [
        Fault("version 2", .syntax, 1, 1), Fault("store a: 00\nversion 1", .syntax, 2, 1), Fault("stor a: 00", .syntax, 1, 1), Fault("  :", .syntax, 1, 3),
        Fault("declare name hex 1", .name, 1, 9), Fault("declare other.n hex 1", .name, 1, 9), Fault("declare personalizationData. hex 1", .name, 1, 9),
        Fault("declare personalizationData.n text 1", .syntax, 1, 31), Fault("declare personalizationData.n hex", .syntax, 1, 34),
        Fault("declare personalizationData.n hex 5..1", .syntax, 1, 35), Fault("declare personalizationData.n hex 0", .syntax, 1, 35), Fault("declare personalizationData.n hex 1...2", .syntax, 1, 35),
        Fault("declare personalizationData.n hex -1", .syntax, 1, 35), Fault("declare personalizationData.n hex 1..9999", .limit, 1, 35),
        Fault("declare personalizationData.n hex 99999999999999999999", .syntax, 1, 35),
        Fault(name + name, .name, 2, 9), Fault(name, .name, 1, 9),
        Fault("store a: ${personalizationData.n}", .name, 1, 10), Fault("store a: ${n}", .name, 1, 10), Fault("store a: ${installationData.${n}}", .name, 1, 29),
        Fault("store a: ${personalizationData.n", .syntax, 1, 10), Fault("store a: $n", .syntax, 1, 10), Fault("store a: \"${n}\"", .syntax, 1, 11),
        Fault("declare installationData.n hex 1\nstore a: ${installationData.n}", .name, 2, 10), Fault(name + "install: ${personalizationData.n}", .name, 2, 10),
        Fault("store a: 0", .syntax, 1, 10), Fault("store a: 0g", .syntax, 1, 10), Fault("store a:", .syntax, 1, 9), Fault("store a 00", .syntax, 1, 9), Fault("store: 00", .syntax, 1, 6),
        Fault("store 1: 00", .name, 1, 7), Fault("store a: 00\nstore a: 00", .name, 2, 7), Fault("store a raw tlv: 00", .syntax, 1, 13),
        Fault("store a: \"x", .syntax, 1, 10), Fault("store a: \"\\n\"", .syntax, 1, 11), Fault("store a: 00 'x'", .syntax, 1, 13), Fault("store a: LV{ 00", .syntax, 1, 16),
        Fault("store a: TLV(9F){ 00 }", .syntax, 1, 10), Fault("store a: TLV(C0C1){ 00 }", .syntax, 1, 10), Fault("store a: DGI(80){ 00 }", .syntax, 1, 10), Fault("store a: 00 }", .syntax, 1, 13),
        Fault("store a: 00 -> 6A88", .status, 1, 16), Fault("store a: 00 -> 63xx", .status, 1, 16), Fault("store a: 00 -> 9z00", .status, 1, 16), Fault("store a: 00 ->", .syntax, 1, 15),
        Fault("store a: 00 -> 90000", .status, 1, 16), Fault("store a: 00 -> 6300", .status, 1, 16),
        Fault("store a: DEK{ 00 }", .encryption, 1, 10), Fault("store a: DEK{}", .encryption, 1, 10), Fault(name + "store a: DEK{ ${personalizationData.n} }", .encryption, 2, 10),
        Fault("store a: DEK{ PAD{ DEK{ PAD{ 00 } } } }", .encryption, 1, 20), Fault("install: DEK{ PAD{ 00 } }", .encryption, 1, 1),
        Fault("apdu a: 80D80000", .command, 1, 9), Fault("apdu a: 00A40400", .command, 1, 9), Fault("apdu a: 80E40000 { 4F00 }", .command, 1, 9), Fault("apdu a: 84E20000", .command, 1, 9),
        Fault("apdu a: 80CA00", .syntax, 1, 9), Fault("apdu a: 80CA0066 0000", .syntax, 1, 18),
        Fault("apdu a: 80CA0066\nstore b: 00", .command, 2, 1), Fault("apdu a: 80E29000 { 00 }\napdu b: 80E29001 { 00 }", .command, 2, 1), Fault("store a: 00\napdu b: 80E20001 { 00 }", .command, 2, 1),
        Fault("session", .command, 1, 1), Fault("session\nsession\nstore a: 00", .command, 1, 1), Fault("install: 00\ninstall: 00", .command, 2, 1),
        Fault("store a: \u{0007}", .encoding, 1, 10), Fault("# ä\u{0000}", .encoding, 1, 4),
    ])
    func faults(fault: Fault) {
        let error = #expect(throws: ScriptError.self) { try PersonalizationProgram(parsing: fault.text) }
        #expect(error?.code == fault.code && error?.line == fault.line && error?.column == fault.column, "\(error?.description ?? "read")")
        #expect(error.map { !$0.reason.isEmpty && !$0.reason.hasSuffix(".") } ?? false)
    }

    @Test("text that is not UTF-8 is told with its place, however long its line", arguments: [(Array("# gut\n# schl".utf8) + [0xFC], 2, 7), ([0xFF], 1, 1), (Array(repeating: 0x23, count: 250_000) + [0xC3], 1, 250_001)])
    func encoding(bytes: [UInt8], line: Int, column: Int) {
        let error = #expect(throws: ScriptError.self) { try PersonalizationProgram(parsing: bytes) }
        #expect(error?.code == .encoding && error?.line == line && error?.column == column)
    }

    @Test("limits: exactly so much, and one more")
    func limits() throws {
        func code(_ text: String) -> ScriptError.Code? {
            do throws(ScriptError) { _ = try PersonalizationProgram(parsing: text) } catch { return error.code }
            return nil
        }
        func many(_ count: Int, _ line: (Int) -> String) -> String { (0..<count).map(line).joined(separator: "\n") }
        #expect(code(String(repeating: "\n", count: ScriptLimits.bytes)) == nil && code(String(repeating: "\n", count: ScriptLimits.bytes + 1)) == .limit)
        #expect(code(String(repeating: "#", count: ScriptLimits.line)) == nil && code(String(repeating: "#", count: ScriptLimits.line + 1)) == .limit)
        #expect(code(many(256) { "apdu a\($0): 80CA0066" }) == nil && code(many(257) { "apdu a\($0): 80CA0066" }) == .limit)
        #expect(code(many(65) { "declare personalizationData.a\($0) hex 1" }) == .limit)
        #expect(code("store a: " + String(repeating: "LV{", count: 8) + "00" + String(repeating: "}", count: 8)) == nil)
        #expect(code("store a: " + String(repeating: "LV{", count: 9) + "00" + String(repeating: "}", count: 9)) == .limit)
        func value(_ length: Int, _ rest: String) -> String { "declare personalizationData.n hex \(length)\n\(rest)" }
        let n = "${personalizationData.n}"
        #expect(code(value(255, "store a: LV{ \(n) }")) == nil && code(value(256, "store a: LV{ \(n) }")) == .limit)
        #expect(code(value(2048, "store a: \(n) \(n)")) == nil && code(value(2048, "store a: \(n) \(n) 00")) == .limit)
        #expect(code(value(223, "apdu a: 80E28000 { \(n) }")) == nil && code(value(224, "apdu a: 80E28000 { \(n) }")) == .limit)
        #expect(code(value(208, "store a: DEK{ \(n) }")) == nil && code(value(224, "store a: DEK{ \(n) }")) == .limit)
        #expect(code("declare installationData.n hex 127\ninstall: ${installationData.n}") == nil && code("declare installationData.n hex 128\ninstall: ${installationData.n}") == .limit)
        #expect(code(value(2048, many(8) { "store a\($0): \(n) \(n)" })) == nil && code(value(2048, many(9) { "store a\($0): \(n) \(n)" })) == .limit)
        #expect(code("store a: 00 -> " + Array(repeating: "9000", count: 9).joined(separator: " ")) == .limit)
        // 256 lines of two blocks each are too many for one session, not for two.
        let long = String(repeating: "00", count: 128)
        #expect(code(many(130) { "store a\($0): DEK{ PAD{ \(long.prefix(200)) } } 00" }) == .limit)
        #expect(code(many(130) { "store a\($0): DEK{ PAD{ \(long.prefix(200)) } } 00" + ($0 == 64 ? "\nsession" : "") }) == nil)
    }

    @Test("random text is refused or read, and never more")
    func random() {
        var generator = SeededGenerator(seed: 20)
        let pieces = ["store", "a", "b1", ":", "{", "}", "(", ")", "->", "9000", "DEK", "LV", "TLV", "PAD", "${", "personalizationData.n", "\"", "\\", "#", "\n", " ", "session", "declare", "hex", "1..4", "apdu", "80E20000", "ü", "\u{301}", "\r"]
        var read = 0
        for _ in 0..<3000 {
            let text = (0..<Int.random(in: 1...24, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined(separator: Bool.random(using: &generator) ? " " : "")
            do throws(ScriptError) {
                let program = try PersonalizationProgram(parsing: text)
                _ = program.explanation
                read += 1
            } catch {
                #expect(error.line >= 1 && error.column >= 1)
            }
        }
        #expect(read > 0 && read < 3000)
    }
}

struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
