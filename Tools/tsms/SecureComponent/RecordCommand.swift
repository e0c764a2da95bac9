import ArgumentParser
import GlobalPlatform
import SecureComponent

extension SecureComponentCommand {
    struct Record: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Asks the card in a PC/SC reader and writes the dialog into a transcript.",
            discussion: """
                Without commands it asks what a card says of itself without any key: SELECT of the Issuer Security Domain, CPLC, IIN, CIN, recognition data, \
                capabilities, key information, sequence counter, diversification data and free memory. A status word that is an error goes into the transcript and ends \
                nothing. What may be a secret is masked (docs/secure-components.md). tsms handset --record and attach --record write down what others do. \
                \(ExitStatus.discussion)
                """)

        @Option(help: ArgumentHelp("Name of the reader, or enough of its beginning.", valueName: "reader")) var reader: String
        @Option(help: ArgumentHelp("The transcript; one that exists is overwritten.", valueName: "file")) var out: String
        @Option(help: ArgumentHelp("AID of the Issuer Security Domain.", valueName: "aid")) var isd = AID.issuerSecurityDomain.description
        @Option(help: ArgumentHelp("One line about the card, for people.", valueName: "text")) var about: String?
        @Argument(help: ArgumentHelp("C-APDUs in hexadecimal, instead.", valueName: "apdu")) var apdus: [String] = []
        @OptionGroup var output: OutputOptions

        private struct Exchange: Encodable {
            var command: String
            var response: String
        }

        private func commands() throws -> [CommandAPDU] {
            do {
                guard apdus.isEmpty else { return try apdus.map { try CommandAPDU(bytes: try Hex.decode($0)) } }
                let read: [GetDataCommand] = [.cardProductionLifeCycle, .issuerIdentificationNumber, .cardImageNumber, .cardRecognitionData, .cardCapabilityInformation,
                                              .keyInformation, .sequenceCounter, .keyDiversificationData, .extendedCardResources]
                return [SelectCommand(aid: try AID(hex: isd)).apdu] + read.map(\.apdu)
            } catch {
                throw ValidationError("\(error)")
            }
        }

        func validate() throws { _ = try commands() }

        func run() async throws {
            let command = self
            let commands = try commands()
            try await output.perform { console in
                let reader = try await PCSCReaders.name(command.reader)
                let recorder = try TranscriptRecorder(about: command.about ?? "card in reader \(reader)", path: command.out)
                let card = try await RecordingConnector(PCSCConnector(reader: reader), recorder: recorder).connect()
                do {
                    for item in commands {
                        let response = try await CardDialog(card).send(item)
                        console.object(Exchange(command: item.description, response: response.description))
                        console.text("> \(item)\n< \(response)  \(response.statusWord.explanation(ins: item.ins))")
                    }
                    await card.disconnect()
                } catch {
                    await card.disconnect()
                    throw error
                }
                if let failure = recorder.failure { throw ToolFailure(failure) }
                return .done
            }
        }
    }
}
