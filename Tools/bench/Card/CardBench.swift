import ArgumentParser
import Foundation
import GlobalPlatform
import SecureComponentSimulator

struct CardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "card", abstract: "The simulated secure component: commands a second, a load, memory a card.")

    struct Load: ParsableArguments {
        @Option(help: ArgumentHelp("Cards in one process whose memory is measured.", valueName: "count")) var cards = 10_000
        @Option(help: ArgumentHelp("The CAP file that a card loads.", valueName: "file")) var cap = "deploy/testbed/applets/bulk-1.0-jc304.cap"

        func validate() throws {
            guard (1...100_000).contains(cards) else { throw ValidationError("--cards is 1 to 100000") }
        }
    }

    @OptionGroup var options: BenchOptions
    @OptionGroup var load: Load

    func run() async throws {
        let command = self
        try await options.perform { _ in [try CardBench(runs: command.options.runs, cards: command.load.cards, cap: command.load.cap).run()] }
    }
}

/// The simulator in process, without latency of any reader: plain commands, a session's commands, a load, and what many cards weigh.
struct CardBench: Sendable {
    /// Of one run.
    static let commands = 20_000
    static let loads = 5

    let runs: Int
    let cards: Int
    let cap: String

    func run() throws -> Report {
        let archive = try Data(contentsOf: URL(fileURLWithPath: cap))
        let file = try CAPFile([UInt8](archive))
        var figures: [String: [Double]] = [:]
        for run in 0...runs {
            let card = try BenchCard()
            let measured = try [
                Line.selects: CardTraffic(card.card.transmit).perSecond(SelectCommand(aid: .issuerSecurityDomain).apdu, Self.commands),
                Line.reads: CardTraffic(card.card.transmit).perSecond(GetDataCommand.cardProductionLifeCycle.apdu, Self.commands),
                Line.secured: CardTraffic(card.card.transmit).securedPerSecond(card.open(), Self.commands),
                Line.loads: load(file, card),
            ]
            guard run > 0 else { continue }
            for (line, value) in measured { figures[line.rawValue, default: []].append(value) }
        }
        var table = Table("what", "median", "lowest – highest")
        for line in Line.allCases {
            let values = Runs(figures[line.rawValue] ?? [])
            table.add(line.rawValue, values.median.formatted(line.decimals), "\(values.lowest.formatted(line.decimals)) – \(values.highest.formatted(line.decimals))")
        }
        let weight = try CardWeight(cards: cards).measure()
        table.add("memory a card, \(cards) cards in one process, kB", weight.formatted(2), "–")
        return Report(
            title: "Simulated secure component", method: """
                In process, one thread, no file; profile eSE, level 33, AES-128. \(Self.commands) commands and \(Self.loads) loads of \(file.loadFileDataBlock.count) bytes a run, \(runs) runs \
                after one that does not count. Both ends of the secure channel are in the figures. Memory: resident pages that the cards add, each with a supplementary domain and its keys.
                """,
            tables: [table])
    }

    private enum Line: String, CaseIterable {
        case selects = "SELECT, commands/s"
        case reads = "GET DATA (CPLC), commands/s"
        case secured = "GET STATUS at level 33, commands/s"
        case loads = "load of the CAP file, ms"

        var decimals: Int { self == .loads ? 2 : 0 }
    }

    /// Milliseconds for one load, deletion not counted.
    private func load(_ file: CAPFile, _ card: BenchCard) throws -> Double {
        var total = Duration.zero
        for _ in 0..<Self.loads {
            var session = try card.open()
            let commands = [try InstallCommand.load(InstallForLoad(loadFile: file.packageAID, loadFileDataBlockHash: file.loadFileDataBlockHash)).apdu()]
                + (try file.loadFile.commands(maximumPayload: session.maximumPayload).map(\.apdu))
            let start = ContinuousClock.now
            for command in commands { try CardTraffic(card.card.transmit).send(command, &session) }
            total += start.duration(to: .now)
            try CardTraffic(card.card.transmit).send(DeleteCommand.object(file.packageAID).apdu, &session)
        }
        return total.seconds * 1e3 / Double(Self.loads)
    }
}
