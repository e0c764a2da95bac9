import Foundation
import GlobalPlatform
import SecureComponent
import TestMaterial
import Testing

/// The recorded cards in `Transcripts/`: a file that is put there is tested from then on.
@Suite("Recorded cards")
struct TranscriptSuiteTests {
    private static let directory = ReferenceData.packageRoot.appendingPathComponent("Tests/CardTests/Transcripts")
    static let files: [String] = ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []).filter { $0.hasSuffix(".jsonl") }.sorted()

    private func transcript(_ name: String) throws -> Transcript { try Transcript(contentsOf: Self.directory.appendingPathComponent(name).path) }

    @Test("there are some") func present() { #expect(Self.files.count >= 2) }

    @Test("each replays from its first line to its last", arguments: files)
    func replays(_ name: String) throws {
        let transcript = try transcript(name)
        let card = ReplayedCard(transcript)
        #expect(!transcript.lines.isEmpty)
        for line in transcript.lines {
            switch line.entry {
            case .reset: card.reset()
            case .exchange(let command, .response(let response)): #expect(try card.transmit(command.filled) == response.filled)
            case .exchange(let command, .failure): #expect(throws: SecureComponentError.self) { _ = try card.transmit(command.filled) }
            }
        }
        #expect(card.error == nil && card.remaining.isEmpty)
    }

    @Test("nothing is told that would be masked today", arguments: files)
    func masked(_ name: String) throws {
        var mask = SecretMask()
        for line in try transcript(name).lines {
            switch line.entry {
            case .reset: mask.reset()
            case .exchange(let command, let answer):
                var response: MaskedBytes?
                if case .response(let bytes) = answer { response = bytes }
                let again = mask.mask(command: command.filled, response: response?.filled ?? [])
                // Masked then may be told now, never the other way round.
                #expect(zip(again.command.bytes, command.bytes).allSatisfy { $0 != nil || $1 == nil }, "\(name), line \(line.number)")
                if let response { #expect(zip(again.response.bytes, response.bytes).allSatisfy { $0 != nil || $1 == nil }, "\(name), line \(line.number)") }
            }
        }
    }

    @Test("what our host software reads of a card can be read", arguments: files)
    func readable(_ name: String) throws {
        for line in try transcript(name).lines {
            guard case .exchange(let sent, .response(let received)) = line.entry, !received.isMasked, let command = try? CommandAPDU(bytes: sent.filled) else { continue }
            let response = try ResponseAPDU(bytes: received.filled)
            guard response.statusWord.isSuccess, !response.data.isEmpty, command.cla & 0x7C == 0 else { continue }
            switch (command.ins, UInt16(command.p1) << 8 | UInt16(command.p2)) {
            case (Instruction.select, _) where command.p1 == 0x04: _ = try SelectResponse(parsing: response.data)
            case (Instruction.initializeUpdate, _): _ = try InitializeUpdateResponse(response)
            case (Instruction.getData, 0x9F7F): _ = try CardProductionLifeCycle(parsing: response.data)
            case (Instruction.getData, 0x0066): _ = try CardRecognitionData(parsing: response.data)
            case (Instruction.getData, 0x0067): _ = try CardCapabilityInformation(parsing: response.data)
            case (Instruction.getData, 0x00E0): _ = try KeyInformation(parsing: response.data)
            case (Instruction.getData, 0x0042): _ = try CardIdentity.issuerIdentificationNumber(from: response.data)
            case (Instruction.getData, 0x0045): _ = try CardIdentity.cardImageNumber(from: response.data)
            default: break
            }
        }
    }
}
