import DeploymentDocument
import GlobalPlatform
import SecureComponentSimulator
@testable import SPTSMHandset
import TSMAPI
import Testing
import TrustedServiceModel

/// TR-03165 4.2.5.7, 4.2.5.8.
@Suite("checks before a deployment or an update")
struct AvailabilityTests {
    /// Versions beside 1.0.0: the highest is for other components only.
    static let more = [
        VersionSummary(tag: "1.0.9", flavorByProfile: [TSMBench.profile: FixedCatalogue.flavor]),
        VersionSummary(tag: "1.0.10", flavorByProfile: [TSMBench.profile: FixedCatalogue.flavor]),
        VersionSummary(tag: "1.2.0", flavorByProfile: [TSMBench.profile: FixedCatalogue.flavor]),
        VersionSummary(tag: "2.0.0", flavorByProfile: ["another profile": FixedCatalogue.flavor]),
        VersionSummary(tag: "3.0.0", flavorByProfile: [:]),
    ]

    static let patterns: [(String, String)] = [
        ("x.x.x", "1.2.0"), ("1.x.x", "1.2.0"), ("1.0.X", "1.0.10"), ("1.0.9", "1.0.9"), ("1.0.0", "1.0.0"), ("2.x.x", ""), ("2.0.0", ""), ("3.0.0", ""), ("1.1.x", ""), ("7.7.7", ""),
    ]

    @Test("the newest Version that matches and that the component can take", arguments: patterns)
    func deployment(pattern: String, expected: String) async throws {
        try await withBench { bench in
            bench.catalogue.state.withLock { $0.moreVersions = Self.more }
            let card = try await bench.card()
            let before = card.image.registry
            let handset = try Handset(bench, card)
            let result = await handset.client.checkServiceDeploymentAvailable(serviceId: FixedCatalogue.serviceId, version: pattern)
            #expect(result.executionStatus == .noError && result.executionMessage.isEmpty, "\(result.executionMessage)")
            #expect(result.version == expected && result.deploymentAvailable == (expected.isEmpty ? .deviceNotEligible : .deploymentAvailable))
            if expected.isEmpty {
                #expect(result.newTechnicalInformation == nil)
            } else {
                #expect(result.newTechnicalInformation == TechnicalInformation(
                    spParameters: ["line": "U1"], serviceId: FixedCatalogue.serviceId, serviceVersionTag: expected, flavorId: FixedCatalogue.flavor, flavorName: "standard", profileId: TSMBench.profile))
            }
            #expect(card.image.registry == before && handset.transport.requests <= 2)
        }
    }

    @Test("one request once the card is proven; an instance that exists does not matter")
    func afterwards() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            let counted = handset.transport.requests
            #expect(await handset.client.checkServiceDeploymentAvailable(serviceId: FixedCatalogue.serviceId, version: "1.x.x").version == "1.0.0")
            #expect(await handset.client.checkServiceUpdateAvailable(serviceInstanceId: id, newVersion: "x.x.x").updateAvailable == .noUpdateAvailable)
            #expect(handset.transport.requests - counted == 2)
        }
    }

    @Test("a handset without an eligible component: an answer, no error")
    func notEligible() async throws {
        try await withBench { bench in
            // It proves none of its answers, which is not accepted here.
            let bare = try Handset(bench, try await bench.card(.bare))
            #expect(await bare.client.checkServiceDeploymentAvailable(serviceId: FixedCatalogue.serviceId, version: "x.x.x") == ServiceDeploymentAvailableResult())
        }
    }

    @Test("what is malformed, unknown, foreign, unauthorized")
    func refused() async throws {
        try await withBench { bench in
            let card = try await bench.card()
            let handset = try Handset(bench, card)
            func check(_ handset: Handset, _ service: String = FixedCatalogue.serviceId, _ version: String = "x.x.x") async -> ServiceDeploymentAvailableResult {
                await handset.client.checkServiceDeploymentAvailable(serviceId: service, version: version)
            }
            #expect(await check(handset, FixedCatalogue.serviceId, "x.1.x").executionMessage == "Invalid argument: version in CheckServiceDeploymentAvailableRequest uses an unsupported filter pattern")
            #expect(await check(handset, FixedCatalogue.serviceId, "1.x").executionMessage == "Invalid argument: version in CheckServiceDeploymentAvailableRequest has invalid format")
            #expect(await check(handset, "nonsense").executionStatus == .invalidArgument)
            #expect(await check(handset, "99999999-0000-4000-8000-000000000001").executionStatus == .notFound)
            #expect(try await check(Handset(bench, card, provider: "3b1d6f0e-0000-4000-8000-00000000ffff", device: "device-2")).executionStatus == .notFound)
            #expect(try await check(Handset(bench, card, app: String(repeating: "cd", count: 32), device: "device-3")).executionStatus == .unauthorized)
            bench.catalogue.state.withLock { $0.isAvailable = false }
            #expect(await check(handset).executionStatus == .tsmNotAvailable)
            #expect(card.image.keySets(of: bench.catalogue.document.service.securityDomain).isEmpty)
        }
    }

    @Test("an update is newer than what the instance has, whatever its state", arguments: [("x.x.x", "1.2.0"), ("1.0.x", "1.0.10"), ("1.0.9", "1.0.9"), ("1.0.0", ""), ("0.x.x", ""), ("2.x.x", "")], [false, true])
    func update(row: (pattern: String, expected: String), isDeployed: Bool) async throws {
        try await withBench { bench in
            bench.catalogue.state.withLock { $0.moreVersions = Self.more }
            let card = try await bench.card()
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            if isDeployed { #expect(await handset.deploy(id).serviceInstanceState == .operational) }
            let before = card.image.registry
            let result = await handset.client.checkServiceUpdateAvailable(serviceInstanceId: id, newVersion: row.pattern)
            #expect(result.executionStatus == .noError, "\(result.executionMessage)")
            #expect(result.newVersion == row.expected && result.updateAvailable == (row.expected.isEmpty ? .noUpdateAvailable : .updateAvailable))
            #expect(result.newTechnicalInformation?.serviceVersionTag == (row.expected.isEmpty ? nil : row.expected))
            #expect(card.image.registry == before)
            #expect(await handset.client.getServiceInstances(serviceId: FixedCatalogue.serviceId).serviceInstances.first?.technicalInformation.serviceVersionTag == "1.0.0")
        }
    }

    @Test("update check: refusals; another device proves the card first; without its Service there is no update")
    func updateRefused() async throws {
        try await withBench { bench in
            bench.catalogue.state.withLock { $0.moreVersions = Self.more }
            let card = try await bench.card()
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            func check(_ handset: Handset, _ id: String, _ version: String = "x.x.x") async -> ServiceUpdateAvailableResult {
                await handset.client.checkServiceUpdateAvailable(serviceInstanceId: id, newVersion: version)
            }
            #expect(await check(handset, id, "x.x.1").executionMessage == "Invalid argument: newVersion in CheckServiceUpdateAvailableRequest uses an unsupported filter pattern")
            #expect(await check(handset, "99999999-0000-4000-8000-000000000001").executionStatus == .notFound)
            #expect(try await check(Handset(bench, card, provider: "3b1d6f0e-0000-4000-8000-00000000ffff", device: "device-2"), id).executionStatus == .notFound)
            #expect(try await check(Handset(bench, card, app: String(repeating: "cd", count: 32), device: "device-3"), id).executionStatus == .unauthorized)
            #expect(try await check(Handset(bench, try await bench.card(number: 2), device: "device-4"), id).executionStatus == .secureComponentInaccessible)
            #expect(try await check(Handset(bench, card, device: "device-5"), id).newVersion == "1.2.0")
            bench.catalogue.state.withLock { $0.isMissing = true }
            #expect(await check(handset, id).executionStatus == .tsmNotAvailable)
            bench.catalogue.state.withLock { $0.isDeleted = true }
            #expect(await check(handset, id) == ServiceUpdateAvailableResult())
            bench.catalogue.state.withLock { $0.isAvailable = false }
            #expect(await check(handset, id).executionStatus == .tsmNotAvailable)
        }
    }
}
