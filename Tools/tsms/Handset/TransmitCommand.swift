import ArgumentParser
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
            let asked = target.reader
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
                    await session.close()
                } catch {
                    answer.refusal = error.description
                }
                console.result(answer)
                return answer.refusal == nil && !last.isError ? .done : .refused
            }
        }
    }
}
