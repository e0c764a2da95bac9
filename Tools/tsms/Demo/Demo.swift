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

    static let handset = "handset-1"
    static let reader = "eSE1"

    func run() async throws -> DemoResult {
        let recorder = StepRecorder(console: console)
        let testbed = try await recorder.step("testbed up") {
            try await Testbed.up(options, console: console)
        }
        do {
            let outcome = try await perform(testbed, recorder)
            if keep {
                console.text("The testbed goes on in \(testbed.description.directory); tsms testbed down --dir '\(testbed.description.directory)' stops it.")
            } else {
                try await recorder.step("tear down", remark: { $0 }) { try await tearDown(testbed) }
                if isTemporary { try FileManager.default.removeItem(atPath: testbed.description.directory) }
            }
            return DemoResult(processId: outcome.processId, roundTrips: outcome.roundTrips, milliseconds: outcome.milliseconds, apdus: outcome.apdus, steps: recorder.steps)
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

    private func perform(_ testbed: Testbed, _ recorder: StepRecorder) async throws -> DeploymentRun.Outcome {
        let description = testbed.description
        guard let provider = description.serviceProviders.first, let profile = description.secureComponentProfiles.first else {
            throw ToolFailure("the testbed has no service provider or no profile")
        }
        let timeline = Timeline()
        let begin = Date()
        let published = try await publish(description, provider, profile.id, timeline, recorder)
        let handset = try await SimulatedHandset(Self.handset, in: description, serviceProvider: provider, timeline: timeline)
        do {
            let run = DeploymentRun(testbed: description, provider: provider, handset: handset, reader: Self.reader, published: published,
                                    expectedRoundTrips: options.randomChallenges ? 4 : 2, recorder: recorder, console: console)
            let outcome = try await run.perform()
            handset.transport.noteCommands()
            await handset.close()
            show(timeline, of: description, since: begin)
            console.text("deployService: process \(outcome.processId), \(outcome.roundTrips) handset round trips, \(outcome.apdus) APDUs, \(String(format: "%.0f", outcome.milliseconds)) ms")
            return outcome
        } catch {
            await handset.close()
            throw error
        }
    }

    private func publish(_ description: TestbedDescription, _ provider: TestbedDescription.ServiceProvider, _ profileId: String, _ timeline: Timeline,
                         _ recorder: StepRecorder) async throws -> PublishedDemo {
        let client = try await recorder.step("sign in as service provider (POST /auth)") {
            try await ProviderClient.signIn(provider, gateway: description.gateway, timeline: timeline)
        }
        do {
            let file = try DemoServiceFile.ticket(provider, profile: profileId, applets: applets)
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
        guard let flavor = made.flavors.first, flavor.published, let tag = made.tags.first, let elf = flavor.executableLoadFileIds.first else {
            throw ToolFailure("the Service has no published Flavor")
        }
        let package: CAP = try await client.call(.get, "/executable-load-files/\(elf)")
        return try PublishedDemo(service: made.service, version: tag, flavorId: flavor.id, package: package.aid, instance: try AID(hex: DemoServiceFile.ticketInstance()))
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
