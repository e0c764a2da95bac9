import ArgumentParser

/// Exit codes of every verb.
enum ExitStatus: Int32, Sendable {
    case done = 0
    /// Something failed or did not hold; the message says what.
    case failed = 1
    /// The TSM answered a TSM-API call with an executionStatus other than 0, or the secure component refused a command.
    case refused = 3

    static let discussion = """
        Exit codes: 0 done, and everything that was checked held; 1 something failed or did not hold; \
        3 the TSM answered with an executionStatus other than 0, or the secure component refused; 64 wrong usage. \
        With --json standard output carries one JSON object a line and nothing else; the last one after a failure is \
        {"result":"failed","message":"…"}.
        """
}

/// Why a verb stops, in words for the person at the terminal.
struct ToolFailure: Error, Sendable, CustomStringConvertible {
    let description: String
    let status: ExitStatus

    init(_ description: String, status: ExitStatus = .failed) {
        self.description = description
        self.status = status
    }
}

/// `--json`, and what becomes of errors.
struct OutputOptions: ParsableArguments {
    @Flag(help: "One JSON object a line instead of text.")
    var json = false

    var console: Console { Console(json: json) }

    /// Runs a verb's work: SIGINT and SIGTERM cancel it, errors are told in the chosen form and become the exit code.
    func perform(_ work: @escaping @Sendable (Console) async throws -> ExitStatus) async throws {
        let console = console
        let status: ExitStatus
        do {
            status = try await Interruption.cancellable { try await work(console) }
        } catch let failure as ToolFailure {
            console.failure(failure.description)
            status = failure.status
        } catch is CancellationError {
            console.failure("interrupted")
            status = .failed
        } catch {
            console.failure("\(error)")
            status = .failed
        }
        guard status == .done else { throw ExitCode(status.rawValue) }
    }
}
