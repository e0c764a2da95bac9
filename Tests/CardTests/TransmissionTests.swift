import GlobalPlatform
import SecureComponent
import SecureComponentSimulator
import Testing

@Suite("Answer to reset and transmission protocols")
struct TransmissionTests {
    private func atr(_ hex: String) throws -> AnswerToReset? { AnswerToReset(try Hex.decode(hex)) }

    @Test("protocols and historical bytes", arguments: [
        ("3b800181", [1], ""), ("3b80800101", [0, 1], ""), ("3b00", [0], ""), ("3b024142", [0], "4142"),
        // A JCOP card (TA1 to TD1 with T=1, TD2, TA3, TB3), and a SIM's form: T=0 and T=15, which is none and brings a check byte.
        ("3bf81300008131fe454a434f5076323431b7", [1], "4a434f5076323431"), ("3b9296801fc741425f", [0], "4142"),
    ] as [(String, [UInt8], String)])
    func parsed(_ hex: String, _ protocols: [UInt8], _ historical: String) throws {
        let answer = try #require(try atr(hex))
        #expect(answer.protocols == protocols)
        #expect(Hex.encode(answer.historicalBytes) == historical)
    }

    @Test("no answer to reset", arguments: ["", "3b", "3c00", "3b80", "3b8001", "3b0541", "ff00"])
    func malformed(_ hex: String) throws { #expect(try atr(hex) == nil) }

    @Test("what a reader is offered: one protocol, the historical bytes, a check byte that is right")
    func offered() throws {
        #expect(Hex.encode(AnswerToReset.t1(historicalBytes: [])) == "3b800181")
        #expect(Hex.encode(AnswerToReset.t0(historicalBytes: [0x41])) == "3b0141")
        for count in 0...20 {
            let bytes = AnswerToReset.t1(historicalBytes: [UInt8](repeating: 0x5A, count: count))
            #expect(bytes.dropFirst().reduce(0, ^) == 0)
            #expect(AnswerToReset(bytes)?.protocols == [1])
            #expect(AnswerToReset(bytes)?.historicalBytes.count == min(count, 15))
        }
        #expect(T1Card(ListedCard(atr: [0x3B, 0x80, 0x80, 0x01, 0x01])).atr == [0x3B, 0x80, 0x01, 0x81])
        #expect(T1Card(ListedCard(atr: [0x3B, 0x81, 0x01, 0x41, 0xC1])).atr == [0x3B, 0x81, 0x01, 0x41, 0xC1])
        #expect(T0Card(ListedCard(atr: [0x3B, 0x81, 0x01, 0x41, 0xC1])).atr == [0x3B, 0x01, 0x41])
    }

    @Test("T=0: data comes with GET RESPONSE, a wrong Le is corrected, the rest waits")
    func t0() throws {
        func card() -> T0Card { T0Card(ListedCard("aabbcc9000", "aabbcc9000")) }
        func send(_ card: T0Card, _ hex: String) throws -> String { Hex.encode(try card.transmit(Hex.decode(hex))) }
        let select = card()
        #expect(try send(select, "00a4040001ff") == "6103")
        #expect(try send(select, "00c0000002") == "aabb6101")
        #expect(try send(select, "00c0000001") == "cc9000")
        // Le beside data is none of T=0's.
        #expect(try send(select, "00a4040001ff00") == "6700")
        let get = card()
        #expect(try send(get, "80ca9f7f05") == "6c03")
        #expect(try send(get, "80ca9f7f03") == "aabbcc9000")
        let any = card()
        #expect(try send(any, "80ca9f7f00") == "aabbcc9000")
        #expect(try send(any, "80ca9f7f01") == "aa6102")
        // Something else was asked: what waited is gone, and GET RESPONSE is the card's own to answer.
        let other = T0Card(ListedCard("aabb9000", "9000", "6985"))
        #expect(try send(other, "00a4040001ff") == "6102")
        #expect(try send(other, "80e6000000") == "9000")
        #expect(try send(other, "00c0000002") == "6985")
        #expect(try send(any, "00a40400000001ff") == "6700")
    }
}
