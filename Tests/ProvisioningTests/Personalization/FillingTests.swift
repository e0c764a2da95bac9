import GlobalPlatform
import Personalization
import Testing

@Suite("PersonalizationScripts: filled with values")
struct FillingTests {
    @Test("commands as they are sent, and as they may be shown")
    func whole() throws {
        let program = try PersonalizationProgram(parsing: Scripts.whole)
        #expect(try program.installParameters(Scripts.values) == Hex.decode("c202000a"))
        let sessions = try program.filledSessions(Scripts.values, payload: 239)
        #expect(sessions.map { $0.map(\.label) } == [["holder", "key"], ["end", "status"]])
        let holder = sessions[0][0], key = sessions[0][1]
        let name = Array("Erika Müller".utf8)
        #expect(holder.apdu.bytes == [0x80, 0xE2, 0x00, 0x00, UInt8(name.count + 5), 0xC0, UInt8(name.count + 3)] + name + Array("/U1".utf8))
        #expect(holder.shown.data == [0xC0, UInt8(name.count + 3)] + [UInt8](repeating: 0, count: name.count) + Array("/U1".utf8) && holder.encrypted.isEmpty)
        #expect(key.apdu.bytes == (try Hex.decode("80e2a90126" + "801010" + "000102030405060708090a0b0c0d0e0f" + "801110" + "12345f80000000000000000000000000" + "00")))
        #expect(key.encrypted == [3..<19, 22..<38])
        #expect(key.shown.data == (try Hex.decode("801010" + String(repeating: "00", count: 16) + "801110" + String(repeating: "00", count: 16))))
        #expect(sessions[1].map(\.apdu.bytes) == [try Hex.decode("80e29000077f21045f20017800"), try Hex.decode("00ca0066")])
    }

    @Test("a value is text and nothing else: what looks like a placeholder is not filled")
    func circular() throws {
        let program = try PersonalizationProgram(parsing: """
            declare personalizationData.a utf8 1..64
            declare personalizationData.b utf8 1..64
            store x: ${personalizationData.a} ${personalizationData.b}
            """)
        let values = ProgramValues(personalizationData: ["a": "${personalizationData.b}", "b": "${personalizationData.a}"])
        #expect(try program.filledSessions(values, payload: 239)[0][0].apdu.data == Array("${personalizationData.b}${personalizationData.a}".utf8))
    }

    @Test("values that do not fit are named, and not told", arguments: [
        (["holder": ""], "personalizationData.holder has 0 bytes, 1 to 64 are expected"), (["holder": String(repeating: "ß", count: 33)], "personalizationData.holder has 66 bytes, 1 to 64 are expected"),
        (["key": "00010203"], "personalizationData.key has 4 bytes, 16 are expected"), (["key": "0001020304050607080910111213141g"], "personalizationData.key is not hexadecimal, two digits a byte"),
        (["key": String(repeating: "00", count: 1_000_000)], "personalizationData.key has 1000000 bytes, 16 are expected"),
        (["pin": "123"], "personalizationData.pin has 3 digits, 4 to 12 are expected"), (["pin": "12a45"], "personalizationData.pin has something else than decimal digits"), (["pin": "１２３４"], "personalizationData.pin has something else than decimal digits"),
    ])
    func values(changed: [String: String], message: String) throws {
        let program = try PersonalizationProgram(parsing: Scripts.whole)
        var values = Scripts.values
        values.personalizationData.merge(changed) { $1 }
        let error = #expect(throws: ValueError.self) { try program.check(values, of: [.personalizationData]) }
        #expect(error?.description == message)
    }

    @Test("a missing value is named; only what is asked about is looked at")
    func missing() throws {
        let program = try PersonalizationProgram(parsing: Scripts.whole)
        let error = #expect(throws: ValueError.self) { try program.check(ProgramValues(), of: [.installationData]) }
        #expect(error?.description == "installationData.rides is missing")
        try program.check(ProgramValues(spParameters: ["line": "U1"]), of: [.spParameters])
    }

    @Test("long data becomes blocks, none of which cuts what is encrypted; the last one says that it is")
    func blocks() throws {
        let program = try PersonalizationProgram(parsing: """
            declare personalizationData.n hex 1..2000
            declare personalizationData.k hex 32
            store long: ${personalizationData.n} DEK{ ${personalizationData.k} } ${personalizationData.n}
            store short: 00
            """)
        for payload in [223, 239] {
            for length in [1, 180, 200, 222, 223, 224, 239, 240, 1000, 2000] {
                let text = Hex.encode((0..<length).map { UInt8(truncatingIfNeeded: $0) })
                let key = String(repeating: "a5", count: 32)
                let session = try program.filledSessions(ProgramValues(personalizationData: ["n": text, "k": key]), payload: payload)[0]
                #expect(session.flatMap(\.apdu.data) == (try Hex.decode(text + key + text + "00")))
                #expect(session.map(\.apdu.p2) == Array(0..<UInt8(session.count)) && session.allSatisfy { !$0.apdu.data.isEmpty && $0.apdu.data.count <= payload })
                #expect(session.map { $0.apdu.p1 & 0x80 != 0 } == Array(repeating: false, count: session.count - 1) + [true])
                let encrypted = session.flatMap { command in command.encrypted.map { Array(command.apdu.data[$0]) } }
                #expect(encrypted == [[UInt8](repeating: 0xA5, count: 32)])
                #expect(session.count + 1 <= program.maximumCommandCount)
                #expect(session.flatMap(\.shown.data).allSatisfy { $0 == 0 })
            }
        }
    }
}

