import ArgumentParser
import GlobalPlatform

/// `tsms cap inspect FILE`.
struct CAPCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "cap", abstract: "CAP files.", subcommands: [Inspect.self])

    struct Inspect: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tells what a CAP file contains and needs.",
            discussion: "Exit code 1 for a file that is no CAP file, or one that the TSM would refuse. " + ExitStatus.discussion)

        @Argument(help: ArgumentHelp("The CAP file.", valueName: "file")) var file: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let path = file
            try await output.perform { console in
                let bytes = try Programs.read(path)
                let cap: CAPFile
                do {
                    cap = try CAPFile(bytes)
                } catch {
                    throw ToolFailure("\(path): \(error)")
                }
                let report = CAPReport(path: path, size: bytes.count, cap)
                if console.json { console.object(report) } else { console.text(report.text) }
                return .done
            }
        }
    }
}
