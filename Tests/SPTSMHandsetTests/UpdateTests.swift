import DeploymentDocument
import GlobalPlatform
import SecureComponentSimulator
@testable import SPTSMHandset
import TestMaterial
import TSMAPI
import Testing
import TrustedServiceModel

/// TR-03165 3.2.1.2, 4.2.5.4: version 1.0.0 is the ticket applet, 1.1.0 its next release and the store's two applets.
@Suite("updateService, in process: engines, vaults, card")
struct UpdateTests {
    static func catalogue() throws -> FixedCatalogue {
        let files = try ["ticket-1.0-jc304.cap", "ticket-1.1-jc304.cap", "store-1.0-jc304.cap"].map { try CAPFile(Applets.archive($0)) }
        let catalogue = try FixedCatalogue(files: files, profile: TSMBench.profile)
        var old = catalogue.document, new = catalogue.document
        old.loadFiles = [old.loadFiles[0]]
        old.applications = [old.applications[0]]
        new.versionTag = "1.1.0"
        new.loadFiles = Array(new.loadFiles[1...])
        new.applications = Array(new.applications[1...])
        catalogue.state.withLock { [old, new] state in
            state.changed = old
            state.others = ["1.1.0": new]
            state.moreVersions = [VersionSummary(tag: "1.1.0", flavorByProfile: [TSMBench.profile: FixedCatalogue.flavor]), VersionSummary(tag: "1.2.0", flavorByProfile: [:])]
        }
        return catalogue
    }

    func withUpdatable(_ profile: CardProfile = .eSE, _ body: (TSMBench, SimulatedCard, Handset, String) async throws -> Void) async throws {
        try await withBench(try Self.catalogue()) { bench in
            let card = try await bench.card(profile)
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            try await body(bench, card, handset, id)
        }
    }

    func update(_ handset: Handset, _ id: String, _ version: String = "1.1.0", _ commands: [ServiceCommand] = Handset.all, finalize: Bool = true,
                listener: (any ProcessListener)? = nil) async -> UpdateServiceResult {
        await handset.client.updateService(serviceInstanceId: id, newVersion: version, serviceCommands: commands, finalizeDeployment: finalize, listener: listener)
    }

    func instance(_ handset: Handset) async -> ServiceInstance? {
        await handset.client.getServiceInstances(serviceId: FixedCatalogue.serviceId).serviceInstances.first
    }

    /// What the card holds of the Service: versions of its load files, states of its applications.
    struct Content: Equatable {
        var versions: [[UInt8]]
        var states: [UInt8]

        init(_ versions: [[UInt8]], _ states: [UInt8]) {
            self.versions = versions
            self.states = states
        }
    }

    func content(_ card: SimulatedCard) -> Content {
        func entries(_ aids: [String]) -> [RegistryEntry] { aids.compactMap { aid in card.image.registry.first { Hex.encodeUpperCase($0.aid.bytes) == aid } } }
        return Content(entries(["F054534D530101", "F054534D530102"]).compactMap(\.version),
                       entries(["F054534D5301010101", "F054534D5301020101", "F054534D5301020201"]).compactMap(\.lifeCycleState))
    }

    @Test("there and back: content, keys, access rules, round trips", arguments: CardProfile.proving)
    func thereAndBack(profile: CardProfile) async throws {
        try await withUpdatable(profile) { bench, card, handset, id in
            let before = card.image
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            let deployed = card.image
            #expect(content(card) == Content([[1, 0]], [0x07]))
            for (version, versions, states) in [("1.1.0", [[1, 1], [1, 0]], [7, 7, 7]), ("1.0.0", [[1, 0]], [7])] as [(String, [[UInt8]], [UInt8])] {
                let listener = RecordingListener()
                let counted = handset.transport.requests
                let updated = await update(handset, id, version, listener: listener)
                #expect(updated.processInfo.executionStatus == .noError, "\(updated.processInfo.executionMessage)")
                #expect(updated.serviceInstanceState == .operational && updated.technicalInformation.serviceVersionTag == version)
                #expect(updated.serviceCommandResults.map(\.commandExecutionStatus) == [.success, .success, .success])
                #expect(handset.transport.requests - counted == profile.updateTripsWithIssuer)
                listener.told.withLock { #expect($0.starts.map(\.processId) == [updated.processInfo.processId] && $0.progress == $0.progress.sorted()) }
                #expect(content(card) == Content(versions, states))
                #expect(card.image.keySets(of: bench.catalogue.document.service.securityDomain).map(\.version) == [0x31])
                let found = await instance(handset)
                #expect(found?.state == .operational && found?.lastOperation == .updateFinalize && found?.technicalInformation.serviceVersionTag == version)
            }
            #expect(card.image.accessRules == deployed.accessRules)
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
            #expect(card.image.registry == before.registry && card.image.accessRules == before.accessRules)
        }
    }

    @Test("from Suspended; suspension is what this call's Activate asks for")
    func suspension() async throws {
        try await withUpdatable { _, card, handset, id in
            #expect(await handset.deploy(id, [Handset.all[0], .activate(suspensionControl: true)]).serviceInstanceState == .suspended)
            #expect(await update(handset, id, "1.1.0", [Handset.all[0], .activate(suspensionControl: true)]).serviceInstanceState == .suspended)
            #expect(content(card).states == [0x87, 0x87, 0x87])
            #expect(await update(handset, id, "1.0.0", [Handset.all[0]]).serviceInstanceState == .operational)
            #expect(content(card).states == [0x03])
        }
    }

    @Test("not finalized: deployService goes on")
    func continued() async throws {
        try await withUpdatable { _, card, handset, id in
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            #expect(await update(handset, id, "1.1.0", [Handset.all[0]], finalize: false).serviceInstanceState == .installed)
            let found = await instance(handset)
            #expect(found?.lastOperation == .updateInstallation && found?.technicalInformation.serviceVersionTag == "1.1.0")
            #expect(await update(handset, id, "1.0.0").processInfo.executionStatus == .notAllowed)
            #expect(await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true).processInfo.executionStatus == .notAllowed)
            let finished = await handset.deploy(id, Array(Handset.all[1...]))
            #expect(finished.serviceInstanceState == .operational, "\(finished.processInfo.executionMessage)")
            #expect(content(card) == Content([[1, 1], [1, 0]], [7, 7, 7]))
        }
    }

    @Test("refusals change nothing")
    func refused() async throws {
        try await withUpdatable { bench, card, handset, id in
            #expect(await update(handset, id).processInfo.executionMessage == "Not allowed: invalid state transfer from NotDeployed to UnderDeploymentInitialized")
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            let before = card.image.registry
            let cases: [(String, [ServiceCommand], Bool, ErrorCategory)] = [
                ("1.0.0", Handset.all, true, .noEligibleSecureComponent), ("1.2.0", Handset.all, true, .noEligibleSecureComponent), ("9.9.9", Handset.all, true, .notFound),
                ("1.x.x", Handset.all, true, .invalidArgument), ("1.1.0", [], false, .invalidArgument), ("1.1.0", [Handset.all[0], Handset.all[0]], true, .invalidArgument),
                ("1.1.0", [], true, .notAllowed), ("1.1.0", [Handset.all[2]], true, .notAllowed), ("1.1.0", [.install(installationData: ["a": "b"])], true, .invalidArgument),
            ]
            for (version, commands, finalize, category) in cases {
                let result = await update(handset, id, version, commands, finalize: finalize)
                #expect(result.processInfo.executionStatus == category, "\(version) \(commands): \(result.processInfo.executionMessage)")
                #expect(result.processInfo.processId.isEmpty && result.serviceCommandResults == commands.map { ServiceCommandResult(commandExecutionStatus: .notExecuted, personalizationResults: $0.kind == .personalize ? [] : nil) })
            }
            #expect(await update(handset, "99999999-0000-4000-8000-000000000001").processInfo.executionStatus == .notFound)
            let foreign = try Handset(bench, card, provider: "3b1d6f0e-0000-4000-8000-00000000ffff", device: "device-2")
            #expect(await update(foreign, id).processInfo.executionStatus == .notFound)
            #expect(await update(handset, id, listener: RecordingListener(refuses: true)).processInfo.executionStatus == .executionInterrupted)
            bench.catalogue.state.withLock { $0.isDeleted = true }
            #expect(await update(handset, id).processInfo.executionStatus == .orphanedServiceInstance)
            bench.catalogue.state.withLock { $0.isDeleted = false; $0.isAvailable = false }
            #expect(await update(handset, id).processInfo.executionStatus == .tsmNotAvailable)
            bench.catalogue.state.withLock { $0.isAvailable = true }
            #expect(card.image.registry == before)
            let found = await instance(handset)
            #expect(found?.technicalInformation.serviceVersionTag == "1.0.0" && found?.state == .operational)
        }
    }

    @Test("every report lost in turn: after the lease the next update reconciles and completes, or terminate empties the card", arguments: [CardProfile.eSE, .eSERandom], [true, false])
    func lostReports(profile: CardProfile, terminates: Bool) async throws {
        for lost in 2...profile.updateTripsWithIssuer {
            try await withUpdatable(profile) { bench, card, handset, id in
                let before = card.image.registry
                #expect(await handset.deploy(id).serviceInstanceState == .operational)
                handset.transport.faults.withLock { $0[handset.transport.requests + lost] = .loseRequest }
                #expect(await update(handset, id).processInfo.executionStatus == .networkConnectionError)
                bench.clock.advance(by: 61)
                let ended = try await bench.engine.endExpiredDialogs()
                #expect(ended == 1)
                if !terminates {
                    let again = await update(handset, id)
                    #expect(again.processInfo.executionStatus == .noError, "report \(lost): \(again.processInfo.executionMessage)")
                    #expect(content(card) == Content([[1, 1], [1, 0]], [7, 7, 7]))
                }
                let terminated = await handset.client.terminateService(serviceInstanceId: id)
                #expect(terminated.processInfo.executionStatus == .noError, "report \(lost): \(terminated.processInfo.executionMessage)")
                #expect(card.image.registry == before)
            }
        }
    }

    @Test("the card fails at any command: the old Version still whole, or InError; the next update completes",
          arguments: Array(stride(from: 0, to: 80, by: 3)), [FaultPlan.Fault.respond(StatusWord(rawValue: 0x6F00)), .dropResponse])
    func anyCommand(index: Int, fault: FaultPlan.Fault) async throws {
        try await withUpdatable { bench, card, handset, id in
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            card.inject(.at(index, fault))
            let failed = await update(handset, id)
            card.inject(FaultPlan())
            let found = await instance(handset)
            if failed.processInfo.executionStatus == .noError {
                #expect(found?.state == .operational && found?.technicalInformation.serviceVersionTag == "1.1.0")
            } else if found?.state == .operational {
                #expect(found?.technicalInformation.serviceVersionTag == "1.0.0")
                #expect(content(card) == Content([[1, 0]], [0x07]))
            } else {
                #expect(found?.state == .inError)
                // What is on the card is not known: neither old nor new may be locked or unlocked as if it were.
                #expect(await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true).processInfo.executionStatus == .notAllowed)
            }
            guard failed.processInfo.executionStatus != .noError else { return }
            let again = await update(handset, id)
            #expect(again.processInfo.executionStatus == .noError, "\(index): \(failed.processInfo.executionMessage) then \(again.processInfo.executionMessage)")
            #expect(content(card) == Content([[1, 1], [1, 0]], [7, 7, 7]))
            #expect(card.image.keySets(of: bench.catalogue.document.service.securityDomain).map(\.version) == [0x31])
        }
    }
}
