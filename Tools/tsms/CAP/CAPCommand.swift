import ArgumentParser

/// `tsms cap inspect FILE`.
struct CAPCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "cap", abstract: "CAP files.", subcommands: [Inspect.self])

    struct Inspect: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tells what a CAP file contains and needs.",
            discussion: """
                Compact and extended files, applets and libraries: packages, applets, imports and what they mean, memory, the load file data block that the \
                TSM sends, and whether manifest and applet.xml say the same. Exit code 0 for a file that the TSM takes, warnings or not; 1 for a file that \
                is no CAP file, or one that the TSM would refuse, and with --strict for one with warnings. \(ExitStatus.discussion)
                """)

        @Argument(help: ArgumentHelp("The CAP file.", valueName: "file")) var file: String
        @Flag(help: "Warnings fail: exit code 1, after the report.") var strict = false
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let path = file
            let strict = strict
            try await output.perform { console in
                let report = try CAPInspection.report(path: path, try Programs.read(path))
                if console.json { console.object(report) } else { console.text(report.text) }
                guard report.loadCommands != nil else { throw ToolFailure("\(path): the TSM refuses it, its load file needs more than 256 LOAD commands") }
                guard strict, !report.warnings.isEmpty else { return .done }
                throw ToolFailure("\(path): \(report.warnings.count == 1 ? "there is a warning" : "there are \(report.warnings.count) warnings")")
            }
        }
    }
}
