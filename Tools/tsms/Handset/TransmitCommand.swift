import ArgumentParser
import Foundation
import GlobalPlatform
import SecureComponent

extension HandsetCommand {
    struct Transmit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sends commands to an application as the SP app would, through an OMAPI channel under the card's access rules.",
            discussion: "Prints {\"aid\":…,\"reader\":…,\"selectResponse\":…,\"responses\":[…]}. Exit code 3 when the channel is refused or the last status word is an error. "
                + ExitStatus.discussion)
        @OptionGroup var target: Target
        @Argument(help: ArgumentHelp("AID of the application.", valueName: "aid")) var aid: String
        @Argument(help: ArgumentHelp("C-APDUs in hexadecimal.", valueName: "apdu")) var apdus: [String] = []
        @Flag(help: "Then read C-APDUs from standard input, one a line, and answer each with a line of its own: for programs that open a secure channel.") var interactive = false

        struct Answer: Encodable, Sendable {
            var aid: String
            var reader: String
            var selectResponse: String?
            var responses: [String]
            var refusal: String?
        }

        private func parsed() throws -> (AID, [CommandAPDU]) {
            do {
                return (try AID(hex: aid), try apdus.map { try CommandAPDU(bytes: try Hex.decode($0)) })
            } catch {
                throw ValidationError("\(error)")
            }
        }

        func validate() throws { _ = try parsed() }

        func run() async throws {
            let (aid, commands) = try parsed()
            let asked = target.reader, interactive = interactive
            try await target.perform { handset, console in
                let reader = try await handset.readerName(asked ?? "eSE1")
                var answer = Answer(aid: aid.description, reader: reader, responses: [])
                var last = StatusWord.success
                do throws(SecureComponentError) {
                    let session = try await handset.readers.reader(named: reader).openSession()
                    let channel = try await session.openLogicalChannel(aid)
                    answer.selectResponse = channel.selectResponse.map { Hex.encode($0.bytes) }
                    for command in commands {
                        let response = try await channel.transmit(command)
                        answer.responses.append(Hex.encode(response.bytes))
                        last = response.statusWord
                    }
                    if interactive, let status = try await Self.converse(channel, &answer) { last = status }
                    await session.close()
                } catch {
                    answer.refusal = error.description
                }
                console.result(answer)
                return answer.refusal == nil && !last.isError ? .done : .refused
            }
        }

        /// One line in, one line out, up to the end of the input. A line that is no C-APDU is answered with an empty line.
        private static func converse(_ channel: any Channel, _ answer: inout Answer) async throws(SecureComponentError) -> StatusWord? {
            var last: StatusWord?
            while let line = readLine() {
                guard let bytes = try? Hex.decode(line.trimmingCharacters(in: .whitespaces)), let command = try? CommandAPDU(bytes: bytes) else {
                    Console.write("\n", to: 1)
                    continue
                }
                let response = try await channel.transmit(command)
                answer.responses.append(Hex.encode(response.bytes))
                Console.write(Hex.encode(response.bytes) + "\n", to: 1)
                last = response.statusWord
            }
            return last
        }
    }
}
