import ArgumentParser
import Foundation

struct BenchOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where the suite's release programs are; default: beside this one.", valueName: "directory")) var bin: String?
    @Option(help: ArgumentHelp("Where stores and certificates are made; default: the directory for temporary files. Removed afterwards.", valueName: "directory"))
    var dir: String?
    @Option(help: ArgumentHelp("Runs of each measurement; the median counts.", valueName: "count")) var runs = 5
    @Flag(help: "Exit code 1 when a figure misses its floor.") var strict = false

    func validate() throws {
        guard (1...25).contains(runs) else { throw ValidationError("--runs is 1 to 25") }
    }

    /// Runs a measurement and prints its report; Ctrl-C ends it with everything stopped.
    func perform(_ work: @escaping @Sendable (Workplace) async throws -> [Report]) async throws {
        let options = self
        let reports = try await Interruption.cancellable {
            try await Workplace.with(parent: options.dir, programs: options.bin) { workplace in
                #if DEBUG
                Terminal.note("This is a debug build: its figures say nothing.")
                #endif
                return try await work(workplace)
            }
        }
        for report in reports { Terminal.print(report.text) }
        let floors = reports.flatMap(\.floors)
        if !floors.isEmpty {
            var table = Table("floor", "wanted", "measured", "verdict")
            for floor in floors { table.add(row: floor.row) }
            Terminal.print("## Floors (tolerance 3 %)\n\n" + table.text + "\n")
        }
        if strict, floors.contains(where: { !$0.isKept }) { throw ExitCode(1) }
    }
}

/// One measurement's outcome.
struct Report: Sendable {
    let title: String
    /// How it was taken.
    let method: String
    var tables: [Table] = []
    var remarks: [String] = []
    var floors: [Floor] = []

    var text: String {
        (["## \(title)", method] + tables.map(\.text) + remarks).joined(separator: "\n\n") + "\n"
    }
}

enum Terminal {
    static func print(_ text: String) { write(text + "\n", to: .standardOutput) }
    /// What goes on, beside the result.
    static func note(_ text: String) { write(text + "\n", to: .standardError) }

    private static func write(_ text: String, to handle: FileHandle) { try? handle.write(contentsOf: Data(text.utf8)) }
}
