import GlobalPlatform
import Testing

@Suite struct StatusWordTests {
    @Test(arguments: [0x9000, 0x6283, 0x62F1, 0x6200, 0x6310, 0x63C0, 0x63CF] as [UInt16])
    func goesOnAfter(_ raw: UInt16) {
        #expect(StatusWord(rawValue: raw).allowsContinuation)
    }

    @Test(arguments: [0x6300, 0x6381, 0x63B0, 0x6400, 0x6982, 0x6985, 0x6A82, 0x6A88, 0x6100, 0x6C10, 0x6F00, 0x9001, 0x0000] as [UInt16])
    func stopsAfter(_ raw: UInt16) {
        #expect(!StatusWord(rawValue: raw).allowsContinuation)
    }

    @Test func exactlyTheDesignsRuleOverAllWords() {
        let going = (0...0xFFFF).filter { StatusWord(rawValue: UInt16($0)).allowsContinuation }
        #expect(going.count == 1 + 256 + 1 + 16)
    }

    @Test func countersAndLengths() {
        #expect(StatusWord(rawValue: 0x63C3).retriesLeft == 3)
        #expect(StatusWord.retriesLeft(2).rawValue == 0x63C2)
        #expect(StatusWord(rawValue: 0x6100).bytesAvailable == 256)
        #expect(StatusWord.bytesAvailable(256).rawValue == 0x6100)
        #expect(StatusWord(rawValue: 0x6C1C).correctLength == 28)
        #expect(StatusWord.correctLength(28).rawValue == 0x6C1C)
        #expect(StatusWord.success.description == "9000")
        #expect(StatusWord(rawValue: 0x6300).isWarning && !StatusWord(rawValue: 0x6300).isError)
    }

    @Test func explanationsAreWords() {
        for raw in 0...0xFFFF {
            let text = StatusWord(rawValue: UInt16(raw)).explanation(ins: Instruction.install)
            #expect(!text.isEmpty && !text.lowercased().contains("unknown error"))
        }
        #expect(StatusWord.notEnoughMemory.explanation(ins: Instruction.load).contains("memory"))
        #expect(StatusWord.applicationNotFound.explanation(ins: Instruction.select) != StatusWord.applicationNotFound.explanation())
    }

    @Test func responses() throws {
        let response = try ResponseAPDU(bytes: octets("0102 9000"))
        #expect(response == ResponseAPDU(data: [1, 2], statusWord: .success))
        #expect(response.bytes == [1, 2, 0x90, 0x00])
        #expect(throws: APDUError.tooShort(1)) { try ResponseAPDU(bytes: [0x90]) }
    }
}
