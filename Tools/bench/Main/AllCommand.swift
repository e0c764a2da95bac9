import ArgumentParser

struct AllCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "all", abstract: "Everything, one after the other.")

    @OptionGroup var options: BenchOptions
    @OptionGroup var http: HTTPCommand.Load
    @OptionGroup var deployments: DeployCommand.Load
    @OptionGroup var link: LinkCommand.Load
    @OptionGroup var growth: GrowthCommand.Load
    @OptionGroup var cards: CardCommand.Load
    @OptionGroup var catalogue: CatalogueCommand.Load

    func run() async throws {
        let command = self
        try await options.perform { workplace in
            let runs = command.options.runs
            Terminal.note("1 of 8: HTTP/2 with mutual TLS")
            var reports = try await HTTPBench(workplace: workplace, load: command.http, runs: runs).run()
            Terminal.note("2 of 8: SCP03")
            reports.append(try WrapBench(runs: runs).run())
            Terminal.note("3 of 8: start and idle memory")
            reports.append(try await StartBench(workplace: workplace, runs: min(runs, 3)).run())
            Terminal.note("4 of 8: deployments")
            reports.append(try await DeployBench(workplace: workplace, load: command.deployments, runs: runs).run())
            Terminal.note("5 of 8: a deployment over a slow link")
            reports.append(try await LinkBench(workplace: workplace, load: command.link, runs: runs).run())
            Terminal.note("6 of 8: deployments as CAP files and instances grow")
            reports.append(try await GrowthBench(workplace: workplace, load: command.growth, runs: runs).run())
            Terminal.note("7 of 8: simulated secure component")
            reports.append(try CardBench(runs: runs, cards: command.cards.cards, cap: command.cards.cap).run())
            Terminal.note("8 of 8: provider interface")
            reports.append(try await CatalogueBench(workplace: workplace, load: command.catalogue, http: command.http, runs: runs).run())
            return reports
        }
    }
}
