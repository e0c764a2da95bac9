import GlobalPlatform

/// The list of everything on the card by which the absence of AIDs is proven: page after page, AIDs only.
enum RegistryListing {
    private static let search = GetStatusCommand(scope: .applications, aidPrefix: [], tagList: [0x4F])

    static func first(provingAbsenceOf aids: [AID]) -> PlannedCommand {
        command(search, aids)
    }

    static func next(provingAbsenceOf aids: [AID]) -> PlannedCommand {
        command(search.nextPage, aids)
    }

    /// Commands that are left, with the listing at the end: its pages must follow each other.
    static func appended(to remaining: [PlannedCommand], provingAbsenceOf aid: AID) -> [PlannedCommand] {
        var aids: [AID] = []
        var commands: [PlannedCommand] = []
        for command in remaining {
            if case .absence(let earlier) = command.purpose { aids += earlier } else { commands.append(command) }
        }
        return commands + [first(provingAbsenceOf: aids + [aid])]
    }

    private static func command(_ command: GetStatusCommand, _ aids: [AID]) -> PlannedCommand {
        // A card without any application answers the search with an error status word: then there is no list to sign. Whether that is
        // possible the reading of the report knows.
        PlannedCommand(step: "prove what is not on the card", apdu: command.apdu, purpose: .absence(aids),
                       tolerated: [StatusWord.referencedDataNotFound.rawValue])
    }
}
