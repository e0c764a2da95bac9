import ArgumentParser
import Personalization

extension ProviderCommand {
    /// What the TSM would say of a PersonalizationScript at upload, and what the script would do.
    struct CheckScript: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks a PersonalizationScript as the TSM does at upload, and tells what it takes and does.",
            discussion: "Needs no TSM. Exit code 0 for a script that the TSM takes; else 1, with line, column and reason. \(ExitStatus.discussion)")

        @Argument(help: ArgumentHelp("The script.", valueName: "file")) var file: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let path = file
            try await output.perform { console in
                let bytes = try Programs.read(path)
                let program: PersonalizationProgram
                do throws(ScriptError) {
                    program = try PersonalizationProgram(parsing: bytes)
                } catch {
                    throw ToolFailure("\(path): line \(error.line), column \(error.column): \(error.reason)")
                }
                if console.json { console.object(program.explanation) } else { program.explanation.forEach(console.text) }
                return .done
            }
        }
    }
}
