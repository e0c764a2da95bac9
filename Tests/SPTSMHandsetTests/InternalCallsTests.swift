import GlobalPlatform
@testable import KeyVaultService
import SecureComponentSimulator
import ServiceKit
@testable import SPTSMHandset
import TSMAPI
import Testing
import TrustedServiceModel

/// What a deployment costs in calls between services and in commits. A call more is a decision: it is made here.
@Suite("internal calls of a deployment")
struct InternalCallsTests {
    private struct Cost: Equatable {
        var ownVault: [String]
        var issuer: [String]
        var issuersVault: [String]
    }

    private func cost(_ bench: TSMBench) -> Cost {
        Cost(ownVault: bench.vaultCalls.take(), issuer: bench.issuerCalls.take(), issuersVault: bench.issuerVaultCalls.take())
    }

    @Test("predictable challenges: an order, its report, what was proven")
    func predicted() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(cost(bench) == Cost(ownVault: [], issuer: ["beginEligibility", "submitEvidence"], issuersVault: ["hostChallenge", "verifyCryptogram"]))

            let (writes, spCommits, issuerCommits) = (bench.handsetStore.statistics.writes, bench.spVault.store.statistics.commits, bench.issuerVault.store.statistics.commits)
            let deployed = await handset.deploy(id)
            #expect(deployed.serviceInstanceState == .operational, "\(deployed.processInfo.executionMessage)")
            // The transport key's owner is asked for once in the issuer's life.
            #expect(cost(bench) == Cost(
                ownVault: ["batch: importKeySet createKeySet openChannel openChannel", "batch: report report", "batch: changeState changeState changeState"],
                issuer: ["openDialog", "submitResults"],
                issuersVault: ["namedKeys", "batch: createKeySet exportKeySet openChannel openChannel", "batch: report report", "batch: changeState closeChannel closeChannel"]))
            // Order, report, result, tasks done; the vaults one commit a call.
            #expect(bench.handsetStore.statistics.writes - writes == 4)
            #expect(bench.spVault.store.statistics.commits - spCommits == 3)
            #expect(bench.issuerVault.store.statistics.commits - issuerCommits == 3)

            let second = try Handset(bench, try await bench.card(number: 2), device: "device-2")
            let other = try #require(await second.create().serviceInstance?.id)
            _ = cost(bench)
            #expect(await second.deploy(other).serviceInstanceState == .operational)
            #expect(cost(bench).issuersVault.count == 3)

            let terminated = await handset.client.terminateService(serviceInstanceId: id)
            #expect(terminated.processInfo.executionStatus == .noError, "\(terminated.processInfo.executionMessage)")
            let ending = cost(bench)
            #expect(ending.ownVault.count <= 3 && ending.issuer == ["openDialog", "submitResults"] && ending.issuersVault.count <= 3, "\(ending)")
        }
    }

    @Test("random challenges: a call for each step of a session")
    func random() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card(.eSERandom))
            let id = try #require(await handset.create().serviceInstance?.id)
            _ = cost(bench)
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            let cost = cost(bench)
            #expect(cost.ownVault.count <= 5 && cost.issuer.count <= 3 && cost.issuersVault.count <= 5, "\(cost)")
        }
    }

    @Test("an issuer that does not know results of following sessions gets them one by one")
    func olderIssuer() async throws {
        try await withBench { bench in
            bench.restartPlane(issuerIgnoresFollowing: true)
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            _ = cost(bench)
            let deployed = await handset.deploy(id)
            #expect(deployed.serviceInstanceState == .operational, "\(deployed.processInfo.executionMessage)")
            #expect(cost(bench).issuer == ["openDialog", "submitResults", "submitResults"])
        }
    }

    @Test("processes that have something to tell at the same time share a call")
    func sharedTelling() async throws {
        try await withBench { bench in
            var handsets: [(Handset, String)] = []
            for number in 1...6 {
                let handset = try Handset(bench, try await bench.card(number: UInt8(number)), device: "device-\(number)")
                handsets.append((handset, try #require(await handset.create().serviceInstance?.id)))
            }
            _ = cost(bench)
            let states = await withTaskGroup(of: ServiceInstanceState.self) { group in
                for (handset, id) in handsets { group.addTask { await handset.deploy(id).serviceInstanceState } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(states == [ServiceInstanceState](repeating: .operational, count: 6))
            #expect(cost(bench).ownVault.count <= 3 * 6)
            #expect(try await bench.engine.store.keySetTasks(limit: 10).isEmpty)
        }
    }
}
