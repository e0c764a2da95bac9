import GlobalPlatform
import TestMaterial
import Testing

/// The plain commands and responses of the recorded sessions: read as a card reads them and written again, byte for byte.
@Suite struct GoldenCommandTests {
    @Test(.enabled(if: ReferenceData.isPresent)) func readAndWrittenAgain() throws {
        let sessions = try #require(try ReferenceData.json("globalplatform-vectors.json")["golden_sessions"] as? [[String: Any]])
        var count = 0
        for exchange in sessions.flatMap({ $0["exchanges"] as? [[String: Any]] ?? [] }) {
            let plain = try octets(try #require(exchange["plain"] as? String))
            let command = try CommandAPDU(bytes: plain)
            let again: CommandAPDU = switch command.ins {
            case Instruction.install: try InstallCommand.parse(command).apdu()
            case Instruction.load: try LoadCommand.parse(command).apdu
            case Instruction.getStatus: try GetStatusCommand.parse(command).apdu
            case Instruction.setStatus: try SetStatusCommand.parse(command).apdu
            case Instruction.delete: try DeleteCommand.parse(command).apdu
            case Instruction.putKey: try PutKeyCommand.parse(command).apdu()
            default: CommandAPDU(cla: 0xFF, ins: 0, p1: 0, p2: 0)
            }
            #expect(again.bytes == plain)
            let response = try ResponseAPDU(bytes: octets(try #require(exchange["response_plain"] as? String)))
            switch command.ins {
            case Instruction.getStatus: #expect(try GetStatusPage(parsing: response).entries.map { $0.encoded() }.bytes == response.data)
            case Instruction.putKey: #expect(try PutKeyResponse(parsing: response.data).bytes == response.data)
            case Instruction.setStatus: #expect(response.data.isEmpty)
            default: #expect(try ManagementConfirmation(parsing: response.data) == .none)
            }
            count += 1
        }
        #expect(count == 27)
    }
}
