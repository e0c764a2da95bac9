import Foundation
import GlobalPlatform
import SecureComponent
import SecureComponentSimulator
import Synchronization
import Testing

@Suite("Transcripts")
struct TranscriptTests {
    /// Lines that a recorder wrote.
    private final class Paper: Sendable {
        private let written = Mutex("")
        var text: String { written.withLock { $0 } }
        func recorder() -> TranscriptRecorder {
            TranscriptRecorder(about: "a \"test\"", now: { Date(timeIntervalSince1970: 1_750_000_000.25) }, write: { [self] line in written.withLock { $0 += line } })
        }
    }

    private let head = #"{"about":"a \"test\"","atr":"3b80800101","recorded":"2025-06-15T15:06:40.250Z","transcript":1}"#

    private func fault(_ text: String) -> TranscriptError? {
        do throws(TranscriptError) {
            _ = try Transcript(text: text)
            return nil
        } catch {
            return error
        }
    }

    @Test("what is recorded reads back and replays: the host sees no difference")
    func roundTrip() async throws {
        let paper = Paper()
        let card = try Cards.make()
        func listing(_ connector: any CardConnector) async throws -> [String] {
            let session = try await CardReader(connector: connector, accessControl: .unrestricted).openSession()
            let channel = try await session.openLogicalChannel(.issuerSecurityDomain)
            var answers = [channel.selectResponse.map { $0.description } ?? ""]
            for command in [GetDataCommand.cardProductionLifeCycle, .cardImageNumber, .keyInformation] { answers.append(try await channel.transmit(command.apdu).description) }
            await session.close()
            return answers
        }
        let live = try await listing(RecordingConnector(SimulatedCardConnector(name: "card", card: card), recorder: paper.recorder()))
        let transcript = try Transcript(text: paper.text)
        #expect(paper.text.split(separator: "\n").first.map(String.init) == head)
        #expect(transcript.header.about == "a \"test\"")
        let replayed = ReplayedCard(transcript)
        #expect(try await listing(ReplayConnector(name: "paper", card: replayed)) == live)
        #expect(replayed.remaining.isEmpty && replayed.error == nil)
    }

    @Test("no byte of a key gets onto paper, whatever way it goes to the card")
    func secrets() async throws {
        let paper = Paper()
        let keys = try Cards.keys()
        let connection = try await RecordingConnector(SimulatedCardConnector(name: "card", card: try Cards.make()), recorder: paper.recorder()).connect()
        func send(_ command: CommandAPDU) async throws -> ResponseAPDU { try ResponseAPDU(bytes: try await connection.transmit(command.bytes)) }
        let pin: [UInt8] = [0x31, 0x34, 0x31, 0x35, 0x39, 0x32, 0x36, 0x35]
        _ = try await send(SelectCommand(aid: .issuerSecurityDomain).apdu)
        let challenge: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        let answer = try InitializeUpdateResponse(try await send(SCP03HostSession.initializeUpdate(kvn: 0, hostChallenge: challenge)))
        // C-MAC alone: what follows travels in the clear.
        var session = try SCP03HostSession(staticKeys: keys, level: .commandMAC, hostChallenge: challenge, response: answer)
        #expect(try await send(session.externalAuthenticate()).statusWord == .success)
        for ins: UInt8 in [0xD8, 0xE2] {
            for key in Cards.keyBytes { _ = try await send(session.wrap(CommandAPDU(cla: 0x80, ins: ins, p1: 0x80, p2: 0x00, data: key, expectedLength: 256))) }
        }
        _ = try await send(CommandAPDU(cla: 0x00, ins: 0x20, p1: 0x00, p2: 0x81, data: pin))
        let text = paper.text
        #expect(text.contains(Hex.encode(challenge)) && text.contains("80d88000") == false && text.contains("84d88000"))
        for secret in Cards.keyBytes + [pin] { #expect(!text.contains(Hex.encode(secret)) && !text.contains(Hex.encode(secret.prefix(4)))) }
    }

    @Test("a card that was pulled is pulled again when it is replayed; resets stand where they were")
    func failuresAndResets() async throws {
        let paper = Paper()
        let card = try Cards.make()
        let connection = try await RecordingConnector(SimulatedCardConnector(name: "card", card: card), recorder: paper.recorder()).connect()
        try await connection.reset()
        _ = try await connection.transmit(GetDataCommand.cardImageNumber.apdu.bytes)
        try await connection.reset()
        try await connection.reset()
        card.inject(FaultPlan([0: .dropResponse, 1: .powerCutBefore]))
        for code in ["transmit-failed", "component-lost"] {
            await #expect { _ = try await connection.transmit(GetDataCommand.cardImageNumber.apdu.bytes) } throws: { ($0 as? SecureComponentError)?.code == code }
        }
        let lines = paper.text.split(separator: "\n").dropFirst()
        #expect(lines.count == 4)
        #expect(lines.dropFirst().first == #"{"event":"reset"}"#)
        #expect(lines.last == #"{"command":"80ca004500","failure":"component-lost"}"#)
        let replayed = ReplayedCard(try Transcript(text: paper.text))
        replayed.reset()
        #expect(try replayed.transmit(GetDataCommand.cardImageNumber.apdu.bytes).suffix(2) == [0x90, 0x00])
        replayed.reset()
        replayed.reset()
        for code in ["transmit-failed", "component-lost"] {
            #expect { _ = try replayed.transmit(GetDataCommand.cardImageNumber.apdu.bytes) } throws: { ($0 as? SecureComponentError)?.code == code }
        }
        #expect(replayed.error == nil && replayed.remaining.isEmpty)
    }

    @Test("a transcript that cannot be written is told, and the card works on")
    func unwritable() async throws {
        struct Full: Error {}
        let recorder = TranscriptRecorder(about: "", now: { Date() }, write: { _ in throw Full() })
        let connection = try await RecordingConnector(SimulatedCardConnector(name: "card", card: try Cards.make()), recorder: recorder).connect()
        #expect(recorder.failure == nil)
        #expect(try await connection.transmit(GetDataCommand.cardImageNumber.apdu.bytes).suffix(2) == [0x90, 0x00])
        #expect(recorder.failure?.contains("cannot be written") == true)
        #expect(throws: TranscriptError.self) { _ = try TranscriptRecorder(about: "", path: "/no/such/directory/x") }
    }

    @Test("a dialog that differs ends at the line, and stays ended", arguments: [
        ("00a4040001aa00", 3, "00a4040001ab00", "from byte 5 on"), ("00a4040001aa00", 3, "00a40400", "SELECT"), ("00a4040001aa00", 3, "80ca9f7f00", "GET DATA"),
    ])
    func difference(_ recorded: String, _ line: Int, _ sent: String, _ words: String) throws {
        let text = [head, #"{"command":"0070000001","response":"019000"}"#, #"{"command":"\#(recorded)","response":"9000"}"#].joined(separator: "\n")
        let card = ReplayedCard(try Transcript(text: text))
        #expect(try card.transmit(Hex.decode("0070000001")) == [0x01, 0x90, 0x00])
        for _ in 0..<2 { #expect(throws: SecureComponentError.self) { _ = try card.transmit(Hex.decode(sent)) } }
        #expect(card.error?.line == line)
        #expect(card.error?.description.contains(words) == true, "\(card.error?.description ?? "")")
        #expect(throws: SecureComponentError.self) { _ = try card.transmit(Hex.decode(recorded)) }
        #expect(card.remaining.first?.number == line)
    }

    @Test("resets and ends where none was recorded")
    func misplaced() throws {
        let exchange = #"{"command":"80ca004500","response":"xxxx9000"}"#
        let command = try Hex.decode("80ca004500")
        let early = ReplayedCard(try Transcript(text: [head, exchange, exchange].joined(separator: "\n")))
        #expect(try early.transmit(command) == [0, 0, 0x90, 0x00])
        early.reset()
        #expect(early.error?.line == 3)
        let missing = ReplayedCard(try Transcript(text: [head, exchange, #"{"event":"reset"}"#, exchange].joined(separator: "\n")))
        _ = try missing.transmit(command)
        #expect(throws: SecureComponentError.self) { _ = try missing.transmit(command) }
        #expect(missing.error?.line == 3)
        let over = ReplayedCard(try Transcript(text: [head, exchange].joined(separator: "\n")))
        _ = try over.transmit(command)
        over.reset()
        #expect(over.error == nil)
        #expect(throws: SecureComponentError.self) { _ = try over.transmit(command) }
        #expect(over.error?.line == 2 && over.error?.description.contains("after the last line") == true)
    }

    @Test("what is no transcript: the line that is at fault", arguments: [
        ("", 1), ("\n\n", 1), ("nonsense", 1), (#"{"transcript":2,"atr":"","about":"","recorded":""}"#, 1), (#"{"transcript":1,"atr":"3","about":"","recorded":""}"#, 1),
    ])
    func malformedHead(_ text: String, _ line: Int) { #expect(fault(text)?.line == line) }

    @Test("what is no line", arguments: [
        "nonsense", "[]", "{}", #"{"event":"explosion"}"#, #"{"command":"00a4"}"#, #"{"response":"9000"}"#, #"{"command":"00a","response":"9000"}"#,
        #"{"command":"00a40400","response":"90"}"#, #"{"command":"","response":"9000"}"#, #"{"command":"00a40400","response":"9000","failure":"component-lost"}"#,
        #"{"command":"00a40400","failure":"bad luck"}"#, #"{"command":"00x4","response":"9000"}"#, #"{"command":"00XX","response":"9000"}"#, #"{"event":"reset","command":"00a40400"}"#,
    ])
    func malformedLine(_ line: String) {
        #expect(fault([head, "", line].joined(separator: "\n"))?.line == 3)
    }
}
