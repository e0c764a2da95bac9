import Foundation
import GlobalPlatform
import TrustedServiceModel

/// The main job: everything from an empty directory to an empty card again.
struct Demo: Sendable {
    let options: Testbed.Options
    /// Directory of the CAP files.
    let applets: String
    let keep: Bool
    /// The directory is ours to remove.
    let isTemporary: Bool
    let console: Console

    func run() async throws -> DemoResult {
        let recorder = StepRecorder(console: console)
        let testbed = try await recorder.step("testbed up") {
            try await Testbed.up(options, console: console)
        }
        do {
            let outcomes = try await perform(testbed, recorder)
            if keep {
                console.text("The testbed goes on in \(testbed.description.directory); tsms testbed down --dir '\(testbed.description.directory)' stops it.")
            } else {
                try await recorder.step("tear down", remark: { $0 }) { try await tearDown(testbed) }
                if isTemporary { try FileManager.default.removeItem(atPath: testbed.description.directory) }
            }
            guard let first = outcomes.first?.deployment else { throw ToolFailure("the testbed has no issuer") }
            return DemoResult(processId: first.processId, roundTrips: first.roundTrips, milliseconds: first.milliseconds, apdus: first.apdus, steps: recorder.steps, components: outcomes)
        } catch {
            // Nothing stays behind but the logs, which say why.
            _ = await Interruption.shielded { await testbed.launcher.stopAll() }
            try? FileManager.default.removeItem(atPath: testbed.description.layout.description)
            console.note("The services' logs are in \(testbed.description.directory)/*/*/service.log.")
            throw error
        }
    }

    private func tearDown(_ testbed: Testbed) async throws -> String {
        try? FileManager.default.removeItem(atPath: testbed.description.layout.description)
        let ends = await testbed.launcher.stopAll()
        let killed = ends.filter { $0.end != .stopped }
        guard killed.isEmpty else { throw ToolFailure(killed.map { "\($0.name) had \($0.end == .wasGone ? "ended by itself before" : "to be killed")" }.joined(separator: "; ")) }
        return "\(ends.count) processes stopped"
    }

    private func perform(_ testbed: Testbed, _ recorder: StepRecorder) async throws -> [LifeCycleRun.Outcome] {
        let description = testbed.description
        guard let provider = description.serviceProviders.first else { throw ToolFailure("the testbed has no service provider") }
        let timeline = Timeline()
        let begin = Date()
        let published = try await publish(description, provider, timeline, recorder)
        var outcomes: [LifeCycleRun.Outcome] = []
        // One of each issuer's handsets.
        for issuer in description.issuers {
            guard let handset = description.handsets.first(where: { $0.secureComponents.first?.issuer == issuer.id }) else { throw ToolFailure("no handset has a card of \(issuer.name)") }
            outcomes.append(try await live(handset, in: description, provider, published, timeline, recorder))
        }
        show(timeline, of: description, since: begin)
        for outcome in outcomes {
            console.text("\(outcome.reader) (\(outcome.profile), \(outcome.issuer))")
            for (name, call) in [("deployService", outcome.deployment), ("updateService", outcome.update), ("suspendService", outcome.suspension), ("resumeService", outcome.resumption), ("terminateService", outcome.termination)] {
                console.text("  \(name.padded(to: 18)) \(call.roundTrips) round trips, \(String(format: "%3d", call.apdus)) APDUs, \(String(format: "%5.0f", call.milliseconds)) ms")
            }
        }
        return outcomes
    }

    private func live(_ place: TestbedDescription.Handset, in description: TestbedDescription, _ provider: TestbedDescription.ServiceProvider, _ published: PublishedDemo,
                      _ timeline: Timeline, _ recorder: StepRecorder) async throws -> LifeCycleRun.Outcome {
        guard let component = place.secureComponents.first else { throw ToolFailure("\(place.name) has no secure component") }
        let handset = try await SimulatedHandset(place.name, in: description, serviceProvider: provider, timeline: timeline)
        do {
            let run = LifeCycleRun(testbed: description, provider: provider, handset: handset, component: component, published: published,
                                   isPredictable: !options.randomChallenges, recorder: recorder, console: console)
            let outcome = try await run.perform()
            handset.transport.noteCommands()
            await handset.close()
            return outcome
        } catch {
            await handset.close()
            throw error
        }
    }

    private func publish(_ description: TestbedDescription, _ provider: TestbedDescription.ServiceProvider, _ timeline: Timeline,
                         _ recorder: StepRecorder) async throws -> PublishedDemo {
        let client = try await recorder.step("sign in as service provider (POST /auth)") {
            try await ProviderClient.signIn(provider, gateway: description.gateway, timeline: timeline)
        }
        do {
            let file = try DemoServiceFile.ticketAndStore(provider, profiles: description.secureComponentProfiles.map(\.id), applets: applets)
            let path = description.layout.root + "/demo-service.yaml"
            let steps = try await recorder.step("apply demo-service.yaml", remark: { (steps: [Reconciliation.Step]) in "\(steps.count) steps: \(steps.map { "\($0.action.rawValue) \($0.kind)" }.joined(separator: ", "))" }) {
                try await DemoServiceFile.apply(file, to: path, client)
            }
            try await recorder.step("apply it again: nothing changes") {
                let again = try await DemoServiceFile.apply(file, to: path, client)
                guard !steps.isEmpty, again.isEmpty else { throw ToolFailure("the second time, \(again.count) things were changed") }
            }
            let published = try await recorder.step("look at what is published", remark: { "security domain \($0.securityDomain), package \($0.package)" }) {
                try await publishedDemo(file, client)
            }
            await client.close()
            return published
        } catch {
            await client.close()
            throw error
        }
    }

    private func publishedDemo(_ file: ServiceFile, _ client: ProviderClient) async throws -> PublishedDemo {
        let made = try await DemoServiceFile.find(file, client)
        guard made.tags == [PublishedDemo.installed, PublishedDemo.updated], made.flavors.count == 2, made.flavors.allSatisfy(\.published) else {
            throw ToolFailure("the Service has not the two Versions with a published Flavor each")
        }
        guard let elf = made.flavors.first?.executableLoadFileIds.first else { throw ToolFailure("the Service has no load file") }
        let package: CAP = try await client.call(.get, "/executable-load-files/\(elf)")
        // Flavors bear the names that the file gives them.
        let flavors = Dictionary(made.tags.compactMap { tag in made.flavors.first { $0.name == "release \(tag)" }.map { (tag, $0.id) } }, uniquingKeysWith: { first, _ in first })
        return try PublishedDemo(service: made.service, flavors: flavors, package: package.aid)
    }

    private func show(_ timeline: Timeline, of description: TestbedDescription, since begin: Date) {
        let end = Date()
        let names = Dictionary(description.processes.map { ($0.identity, $0.name) }, uniquingKeysWith: { first, _ in first })
        let noted = description.processes.flatMap { LogTimeline.entries(of: $0, names: names, from: begin, to: end) }
        let entries = Timeline.condensed(timeline.all + noted)
        console.text("\nWho spoke to whom (milliseconds since the first request, duration; from what each side noted):")
        for line in Timeline.lines(entries, since: begin) { console.text("  " + line) }
        console.text("")
        for entry in entries {
            console.object(TimelineEvent(milliseconds: entry.start.timeIntervalSince(begin) * 1000, from: entry.from, to: entry.to, what: entry.what, duration: entry.milliseconds, count: entry.count))
        }
    }

    private struct TimelineEvent: Encodable {
        var event = "exchange"
        /// Since the first request.
        var milliseconds: Double
        var from: String
        var to: String
        var what: String
        /// Milliseconds.
        var duration: Double
        var count: Int
    }
}
