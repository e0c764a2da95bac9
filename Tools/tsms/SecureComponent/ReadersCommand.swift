import ArgumentParser
import GlobalPlatform
import SecureComponent

extension SecureComponentCommand {
    struct Readers: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the PC/SC readers of this machine and what is in them.",
            discussion: """
                With --json a line {"reader":…,"card":true|false,"atr":…} for each; with --watch a line {"event":"readerAdded|readerRemoved|cardInserted|cardRemoved",\
                "reader":…,"atr":…} for everything that comes and goes, first for all that is there. \(ExitStatus.discussion)
                """)

        @Flag(help: "Go on telling what comes and goes, until Ctrl-C.") var watch = false
        @OptionGroup var output: OutputOptions

        private struct Line: Encodable {
            var event: String?
            var reader: String
            var card: Bool?
            var atr: String?
        }

        func run() async throws {
            let watch = watch
            try await output.perform { console in
                let service = try PCSCService(accessControl: .unrestricted)
                guard watch else {
                    for state in try await service.states { Self.show(state, console) }
                    return .done
                }
                for try await change in try service.changes() { Self.show(change, console) }
                return .done
            }
        }

        private static func show(_ state: ReaderState, _ console: Console) {
            console.object(Line(reader: state.name, card: state.isCardPresent, atr: state.isCardPresent ? Hex.encode(state.atr) : nil))
            let content = state.isMute ? "a card that does not answer" : state.isCardPresent ? "card, ATR \(Hex.encode(state.atr))" : "empty"
            console.text("\(state.name): \(content)\(state.isHeldExclusively ? ", held by a program" : "")")
        }

        private static func show(_ change: ReaderChange, _ console: Console) {
            let line: Line, text: String
            switch change {
            case .readerAdded(let name): (line, text) = (Line(event: "readerAdded", reader: name), "\(name): plugged in")
            case .readerRemoved(let name): (line, text) = (Line(event: "readerRemoved", reader: name), "\(name): unplugged")
            case .cardInserted(let name, let atr): (line, text) = (Line(event: "cardInserted", reader: name, atr: Hex.encode(atr)), "\(name): card inserted, ATR \(Hex.encode(atr))")
            case .cardRemoved(let name): (line, text) = (Line(event: "cardRemoved", reader: name), "\(name): card removed")
            }
            console.object(line)
            console.text(text)
        }
    }
}
