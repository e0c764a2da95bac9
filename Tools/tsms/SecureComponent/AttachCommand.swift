import ArgumentParser
import Foundation
import SecureComponent
import SecureComponentSimulator

extension SecureComponentCommand {
    struct Attach: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts a simulated card into a PC/SC reader: vsmartcard's virtual one.",
            discussion: """
                Every PC/SC program then sees it as a card in a reader. Stays until Ctrl-C, which is like pulling the card. The card keeps what it is told \
                in its file. With --json {"event":"attached",…} when it is in. \(ExitStatus.discussion)
                """)

        enum Transmission: String, ExpressibleByArgument, CaseIterable { case t0, t1 }

        @Option(help: ArgumentHelp("The card's file.", valueName: "file")) var file: String
        @OptionGroup var slot: VirtualSlot
        @Option(help: ArgumentHelp("Transmission protocol that the card offers.", valueName: "t0|t1")) var transmission = Transmission.t1
        @Option(help: ArgumentHelp("Milliseconds that the card thinks about each command.", valueName: "milliseconds")) var latency = 0
        @Option(help: ArgumentHelp("Write the dialog into a transcript.", valueName: "file")) var record: String?
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (0...600_000).contains(latency) else { throw ValidationError("--latency is 0 to 600000 milliseconds") }
        }

        func run() async throws {
            let command = self
            try await output.perform { console in
                let lock = try await CardLock(path: CardFiles.lock(of: command.file))
                defer { withExtendedLifetime(lock) {} }
                let simulated = try CardFiles.open(command.file)
                var card: any AttachableCard = simulated
                if command.latency > 0 {
                    card = SlowCard(card, latency: .milliseconds(command.latency)) { Thread.sleep(forTimeInterval: $0.milliseconds / 1000) }
                }
                card = command.transmission == .t0 ? T0Card(card) : T1Card(card)
                let recorder = try command.record.map { try TranscriptRecorder(about: "\(simulated.profile.name), simulated, in a virtual reader", path: $0) }
                if let recorder { card = RecordedCard(card, recorder: recorder) }
                let status = try await command.slot.hold(card, console, about: command.file)
                if let failure = recorder?.failure { throw ToolFailure(failure) }
                return status
            }
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts a recorded card into a PC/SC reader: it answers as it did when it was recorded.",
            discussion: """
                Commands have to come as they were recorded; the first that differs takes the card out and ends this with exit code 1 and the line of the \
                transcript. Ctrl-C ends it with exit code 0 when all lines were asked for. \(ExitStatus.discussion)
                """)

        @Argument(help: ArgumentHelp("The transcript.", valueName: "file")) var transcript: String
        @OptionGroup var slot: VirtualSlot
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let command = self
            try await output.perform { console in
                let transcript: Transcript
                do { transcript = try Transcript(contentsOf: command.transcript) } catch { throw ToolFailure("\(command.transcript): \(error)") }
                let card = ReplayedCard(transcript)
                let status: ExitStatus
                do {
                    status = try await command.slot.hold(card, console, about: command.transcript)
                } catch {
                    if let difference = card.error { throw ToolFailure("\(command.transcript): \(difference)") }
                    throw error
                }
                if let difference = card.error { throw ToolFailure("\(command.transcript): \(difference)") }
                if let line = card.remaining.first { throw ToolFailure("\(command.transcript): line \(line.number) and what follows was not asked for") }
                return status
            }
        }
    }
}
