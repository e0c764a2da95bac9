import DeploymentDocument
import GlobalPlatform
import SecureComponentSimulator
@testable import SPTSMHandset
import TSMAPI
import Testing
import TrustedServiceModel

/// TR-03165 3.3.2, 4.2.5.7, 4.2.5.8.
@Suite("the device check against what then happens")
struct DeviceCheckTests {
    enum State: String, CaseIterable, Sendable { case genuine, accepted, blocked, unknown, forged, otherProfile, foreignIssuer, silent }

    static let kinds: [CardProfile] = CardProfile.builtIn + [.inherited, .sixteen, .aes256, .bare]

    private func card(_ kind: CardProfile, _ state: State, _ bench: TSMBench) async throws -> SimulatedCard {
        switch state {
        case .genuine, .accepted: return try await bench.card(kind)
        case .blocked: return try await bench.card(kind, blocked: true)
        case .unknown: return try await bench.card(kind, known: false)
        case .forged: return try await bench.card(kind, master: [UInt8](repeating: 0x66, count: kind.keyLength))
        case .otherProfile: return try await bench.card(kind, profileId: SeveralComponentsTests.second)
        case .foreignIssuer: return try await bench.card(kind, iin: "420099")
        case .silent:
            var silent = kind
            silent.initialAccessRules = []
            return try await bench.card(silent, listedAs: kind)
        }
    }

    @Test("no false negative: what can be deployed was said to be deployable, as it then is; and the check changes nothing", arguments: kinds, State.allCases)
    func agrees(kind: CardProfile, state: State) async throws {
        let settings = HandsetSettings(lease: 60, acceptedUnprovenProfiles: state == .accepted ? [TSMBench.profile] : [])
        try await withBench(settings: settings, profiles: SeveralComponentsTests.profiles) { bench in
            bench.catalogue.state.withLock { state in
                state.moreProfiles = [SeveralComponentsTests.second]
                state.moreVersions = [VersionSummary(tag: "1.1.0", flavorByProfile: [SeveralComponentsTests.third: FixedCatalogue.flavor])]
            }
            let card = try await card(kind, state, bench)
            let handset = try Handset(bench, card)
            let before = card.image
            let check = await handset.client.checkServiceDeploymentAvailable(serviceId: FixedCatalogue.serviceId, version: "x.x.x")
            #expect(card.image.registry == before.registry && card.image.accessRules == before.accessRules)
            #expect(try await bench.handsetStore.read { db in try HandsetStore.instanceCount(db) } == 0)

            let version = check.deploymentAvailable == .deploymentAvailable ? check.version : "1.0.0"
            let created = await handset.client.createServiceInstance(serviceId: FixedCatalogue.serviceId, version: version)
            let what = "\(kind.name) \(state): \(check.executionMessage)/\(created.executionMessage)"
            guard let instance = created.serviceInstance else {
                #expect(check.deploymentAvailable == .deviceNotEligible && check.version.isEmpty && check.newTechnicalInformation == nil, "\(what)")
                // A handset whose components were judged is told so, as an answer; one that could not be read is told that.
                #expect(check.executionStatus == (state == .silent && kind.hasAccessRuleApplication ? .secureComponentInaccessible : .noError), "\(what)")
                #expect(state != .genuine || !kind.scp03Parameter.supportsResponseMAC, "\(what)")
                return
            }
            let deployed = await handset.deploy(instance.id)
            #expect(deployed.serviceInstanceState == .operational, "\(what)/\(deployed.processInfo.executionMessage)")
            #expect(check.executionStatus == .noError && check.deploymentAvailable == .deploymentAvailable, "false negative: \(what)")
            #expect(check.version == "1.0.0" && check.newTechnicalInformation == instance.technicalInformation)
            #expect(state == .genuine || state == .accepted)
        }
    }

    @Test("several components: the check names what creation then chooses, in every order")
    func choice() async throws {
        try await withBench(profiles: SeveralComponentsTests.profiles) { bench in
            bench.catalogue.state.withLock { state in
                state.moreProfiles = [SeveralComponentsTests.second]
                state.versions = [
                    VersionSummary(tag: "1.0.0", flavorByProfile: [TSMBench.profile: FixedCatalogue.flavor, SeveralComponentsTests.second: FixedCatalogue.flavor]),
                    VersionSummary(tag: "1.1.0", flavorByProfile: [SeveralComponentsTests.second: FixedCatalogue.flavor]),
                ]
            }
            let eSE = Inserted(reader: "eSE1", card: try await bench.card(number: 1))
            let sim = Inserted(reader: "SIM1", card: try await bench.card(.uicc, number: 2, profileId: SeveralComponentsTests.second))
            for (number, order) in [[eSE, sim], [sim, eSE]].enumerated() {
                let handset = try Handset(bench, inserted: order, device: "device-\(number)")
                for (pattern, version, reader) in [("x.x.x", "1.1.0", "SIM1"), ("1.0.x", "1.0.0", "eSE1")] {
                    let (check, count) = await handset.requests { await handset.client.checkServiceDeploymentAvailable(serviceId: FixedCatalogue.serviceId, version: pattern) }
                    #expect(check.version == version && count <= 2, "\(check.executionMessage)")
                    let created = await handset.client.createServiceInstance(serviceId: FixedCatalogue.serviceId, version: check.version)
                    let instance = try #require(created.serviceInstance, "\(created.executionMessage)")
                    #expect(instance.reader == reader && instance.technicalInformation == check.newTechnicalInformation)
                    #expect(await handset.client.terminateService(serviceInstanceId: instance.id).processInfo.executionStatus == .noError)
                }
            }
        }
    }

    @Test("the whole check runs in every creation, whatever a device check said before; a device check itself needs no second proof, and asks nobody but the TSM then")
    func neverRelied() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            func check() async -> ServiceDeploymentAvailableResult {
                await handset.client.checkServiceDeploymentAvailable(serviceId: FixedCatalogue.serviceId, version: "1.x.x")
            }
            #expect(await check().deploymentAvailable == .deploymentAvailable)
            #expect(bench.issuerCalls.take() == ["beginEligibility", "submitEvidence"])
            let (second, count) = await handset.requests { await check() }
            #expect(second.deploymentAvailable == .deploymentAvailable && count == 1 && bench.issuerCalls.take().isEmpty)
            #expect(await handset.create().executionStatus == .noError)
            #expect(bench.issuerCalls.take() == ["beginEligibility", "submitEvidence"])
            // A component that was blocked since the check is found out by the creation.
            let other = try Handset(bench, try await bench.card(number: 2), device: "device-2")
            #expect(await other.client.checkServiceDeploymentAvailable(serviceId: FixedCatalogue.serviceId, version: "1.x.x").deploymentAvailable == .deploymentAvailable)
            _ = try await bench.sei.setBlocked(true, component: FixedCatalogue.iin + "990002")
            #expect(await other.create().executionStatus == .noEligibleSecureComponent)
        }
    }

    @Test("it takes nothing but the Service or the instance, and a version: nothing that the service provider would have to give")
    func inputs() {
        let deployment: (TSMClient) -> (String, String) async -> ServiceDeploymentAvailableResult = TSMClient.checkServiceDeploymentAvailable(serviceId:version:)
        let update: (TSMClient) -> (String, String) async -> ServiceUpdateAvailableResult = TSMClient.checkServiceUpdateAvailable(serviceInstanceId:newVersion:)
        _ = (deployment, update)
        let request = Mirror(reflecting: HandsetAPI.DeploymentCheckRequest(serviceId: "", version: "", handshake: HandsetAPI.Handshake(components: [])))
        #expect(request.children.compactMap(\.label) == ["serviceId", "version", "handshake"])
    }

    @Test("an update: what the check offers, updateService then installs; what it does not, it refuses", arguments: ["1.0.0", "1.1.0", "1.2.0", "x.x.x"])
    func updates(pattern: String) async throws {
        try await withBench { bench in
            bench.catalogue.state.withLock { $0.moreVersions = [
                VersionSummary(tag: "1.1.0", flavorByProfile: [TSMBench.profile: FixedCatalogue.flavor]), VersionSummary(tag: "1.2.0", flavorByProfile: ["another": FixedCatalogue.flavor]),
            ] }
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            let before = handset.card.image.registry
            let check = await handset.client.checkServiceUpdateAvailable(serviceInstanceId: id, newVersion: pattern)
            #expect(check.executionStatus == .noError && handset.card.image.registry == before)
            let version = check.updateAvailable == .updateAvailable ? check.newVersion : pattern
            let updated = await handset.client.updateService(serviceInstanceId: id, newVersion: version, serviceCommands: Handset.all, finalizeDeployment: true)
            let isUpdated = updated.processInfo.executionStatus == .noError
            #expect(isUpdated == (check.updateAvailable == .updateAvailable), "\(updated.processInfo.executionMessage)")
            #expect(isUpdated == ["1.1.0", "x.x.x"].contains(pattern))
        }
    }
}
