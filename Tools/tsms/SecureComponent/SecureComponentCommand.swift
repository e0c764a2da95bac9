import ArgumentParser

/// `tsms secure-component …`: simulated cards as files and in readers, real ones in readers, and dialogs with either on paper.
struct SecureComponentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secure-component", abstract: "Simulated cards, cards in PC/SC readers, and recorded dialogs.",
        discussion: ExitStatus.discussion,
        subcommands: [New.self, Show.self, Attach.self, Readers.self, Record.self, Replay.self])
}
