import DeploymentDocument
import GlobalPlatform
import SEIAPI
import ServiceKit
import SecureComponentSimulator
@testable import SPTSMHandset
import TSMAPI
import Testing
import TrustedServiceModel

/// TR-03165 3.3.1, 4.2.5.1.
@Suite("handsets with several secure components")
struct SeveralComponentsTests {
    static let second = "3f0a8a1e-9f55-4c77-9a2c-0a4f7e6b1c02"
    static let third = "3f0a8a1e-9f55-4c77-9a2c-0a4f7e6b1c03"
    static let profiles: Set<String> = [TSMBench.profile, second, third]

    /// 1.0.0 is for the first profile, 2.0.0 for the first two; the third is nobody's.
    private func prepare(_ bench: TSMBench) {
        bench.catalogue.state.withLock { state in
            state.moreProfiles = [Self.second, Self.third]
            state.versions = [
                VersionSummary(tag: "1.0.0", flavorByProfile: [TSMBench.profile: FixedCatalogue.flavor]),
                VersionSummary(tag: "2.0.0", flavorByProfile: [TSMBench.profile: FixedCatalogue.flavor, Self.second: FixedCatalogue.flavor]),
            ]
        }
    }

    private func create(_ handset: Handset, _ version: String) async -> CreateServiceInstanceResult {
        await handset.client.createServiceInstance(serviceId: FixedCatalogue.serviceId, version: version)
    }

    @Test("one instance on the same component in every order of the readers, two requests for all of them; others one more for each component", arguments: [true, false])
    func choice(together: Bool) async throws {
        try await withBench(profiles: Self.profiles) { bench in
            prepare(bench)
            let eSE = Inserted(reader: "eSE1", card: try await bench.card(number: 1, profileId: Self.second))
            let sim = Inserted(reader: "SIM1", card: try await bench.card(.uicc, number: 2))
            let other = Inserted(reader: "SIM2", card: try await bench.card(.uicc, number: 3, profileId: Self.third))
            let orders = [[eSE, sim, other], [eSE, other, sim], [sim, eSE, other], [sim, other, eSE], [other, eSE, sim], [other, sim, eSE]]
            for (number, order) in orders.enumerated() {
                let handset = try Handset(bench, inserted: order, device: "device-\(number)", provesTogether: together)
                // Both of the first two can take it: what is built in comes first.
                let (both, count) = await handset.requests { await create(handset, "2.0.0") }
                let instance = try #require(both.serviceInstance, "\(both.executionMessage)")
                #expect(instance.reader == "eSE1" && count == (together ? 2 : 4))
                #expect(instance.technicalInformation.profileId == Self.second)
                // There is one now, whatever was asked for before, and it is told which.
                for version in ["1.0.0", "2.0.0"] {
                    let again = await create(handset, version)
                    #expect(again.executionStatus == .alreadyExists && again.serviceInstance == nil)
                    #expect(again.executionMessage.contains(instance.id) && again.executionMessage.contains("eSE1"), "\(again.executionMessage)")
                }
                let listed = await handset.client.getServiceInstances(serviceId: FixedCatalogue.serviceId)
                #expect(listed.serviceInstances.map(\.id) == [instance.id])
                #expect(await handset.client.terminateService(serviceInstanceId: instance.id).processInfo.executionStatus == .noError)
                // Only one can take this Version.
                let single = await create(handset, "1.0.0")
                let chosen = try #require(single.serviceInstance, "\(single.executionMessage)")
                #expect(chosen.reader == "SIM1")
                #expect(await handset.client.terminateService(serviceInstanceId: chosen.id).processInfo.executionStatus == .noError)
            }
        }
    }

    @Test("an instance on a component that no Version is made for any more is seen, by creation and by the list")
    func abandonedProfile() async throws {
        try await withBench(profiles: Self.profiles) { bench in
            prepare(bench)
            let (eSE, sim) = (try await bench.card(number: 1, profileId: Self.second), try await bench.card(.uicc, number: 2))
            let handset = try Handset(bench, inserted: [Inserted(reader: "eSE1", card: eSE), Inserted(reader: "SIM1", card: sim)])
            let id = try #require(await create(handset, "2.0.0").serviceInstance).id
            bench.catalogue.state.withLock { $0.versions = [VersionSummary(tag: "1.0.0", flavorByProfile: [TSMBench.profile: FixedCatalogue.flavor])] }
            let again = await create(handset, "1.0.0")
            #expect(again.executionStatus == .alreadyExists && again.executionMessage.contains(id), "\(again.executionMessage)")
            let other = try Handset(bench, inserted: [Inserted(reader: "SIM1", card: sim), Inserted(reader: "eSE1", card: eSE)], device: "device-2")
            #expect(await other.client.getServiceInstances(serviceId: FixedCatalogue.serviceId).serviceInstances.map(\.id) == [id])
        }
    }

    @Test("what cannot be proven now counts neither way: blocked, not there, not readable by this app")
    func unproven() async throws {
        try await withBench(profiles: Self.profiles) { bench in
            prepare(bench)
            let (eSE, sim) = (try await bench.card(number: 1, profileId: Self.second), try await bench.card(.uicc, number: 2))
            let both = try Handset(bench, inserted: [Inserted(reader: "eSE1", card: eSE), Inserted(reader: "SIM1", card: sim)])
            let id = try #require(await create(both, "2.0.0").serviceInstance).id
            // The component with the instance is named, and does not prove itself.
            _ = try await bench.sei.setBlocked(true, component: FixedCatalogue.iin + "990001")
            let second = await create(both, "2.0.0")
            let other = try #require(second.serviceInstance, "\(second.executionMessage)")
            #expect(other.reader == "SIM1" && other.id != id)
            _ = try await bench.sei.setBlocked(false, component: FixedCatalogue.iin + "990001")
            let again = await create(both, "2.0.0")
            #expect(again.executionStatus == .alreadyExists)
            // A handset with the other component only, and one whose app may not read it.
            #expect(await both.client.terminateService(serviceInstanceId: other.id).processInfo.executionStatus == .noError)
            let without = try Handset(bench, inserted: [Inserted(reader: "SIM1", card: sim)], device: "device-2")
            let third = try #require(await create(without, "2.0.0").serviceInstance)
            #expect(await without.client.terminateService(serviceInstanceId: third.id).processInfo.executionStatus == .noError)
        }
    }

    @Test("one component's failure hides no other: wrong keys, an issuer that does not answer, an order that is not run", arguments: [true, false])
    func failures(together: Bool) async throws {
        try await withBench(profiles: Self.profiles) { bench in
            prepare(bench)
            bench.catalogue.state.withLock { state in
                state.issuers = [FixedCatalogue.issuer(1, iin: FixedCatalogue.iin, profiles: [TSMBench.profile, Self.third]), FixedCatalogue.issuer(2, iin: "420018", profiles: [Self.second])]
            }
            let forged = Inserted(reader: "eSE1", card: try await bench.card(number: 1, master: [UInt8](repeating: 0x66, count: 16), profileId: Self.second, iin: "420018"))
            let sim = Inserted(reader: "SIM1", card: try await bench.card(.uicc, number: 2))
            let handset = try Handset(bench, inserted: [forged, sim], provesTogether: together)
            let created = await create(handset, "2.0.0")
            let instance = try #require(created.serviceInstance, "\(created.executionMessage)")
            #expect(instance.reader == "SIM1")
            #expect(await handset.client.terminateService(serviceInstanceId: instance.id).processInfo.executionStatus == .noError)
            // Neither: the reasons of both, by reader.
            let none = try Handset(bench, inserted: [forged, Inserted(reader: "SIM1", card: try await bench.card(.uicc, number: 3, profileId: Self.third))], device: "device-2", provesTogether: together)
            let refused = await create(none, "2.0.0")
            #expect(refused.executionStatus == .noEligibleSecureComponent)
            for words in ["eSE1", "genuine", "Issuer 2", "SIM1", "no published Flavor"] { #expect(refused.executionMessage.contains(words), "\(refused.executionMessage)") }
            // As long as one could not be judged, none is not known.
            bench.issuerCalls.refusals.withLock { $0["beginEligibility"] = SEIError(.unreachable, "away") }
            #expect(await create(none, "2.0.0").executionStatus == .networkConnectionError)
            #expect(await none.client.checkServiceDeploymentAvailable(serviceId: FixedCatalogue.serviceId, version: "x.x.x").executionStatus == .networkConnectionError)
            bench.issuerCalls.refusals.withLock { $0 = [:] }
            #expect(await none.client.checkServiceDeploymentAvailable(serviceId: FixedCatalogue.serviceId, version: "x.x.x") == ServiceDeploymentAvailableResult())
            #expect(try await bench.engine.openDialogCount() == 0)
        }
    }

    @Test("a card pulled out between the handshake and its order: the other one is taken")
    func failingOrder() async throws {
        try await withBench(profiles: Self.profiles) { bench in
            prepare(bench)
            let (eSE, sim) = (try await bench.card(number: 1, profileId: Self.second), try await bench.card(.uicc, number: 2))
            let handset = try Handset(bench, inserted: [Inserted(reader: "eSE1", card: eSE), Inserted(reader: "SIM1", card: sim)])
            // A report that says nothing of the second order, and one whose first could not be run.
            for (drop, expected) in [(true, "eSE1"), (false, "SIM1")] {
                handset.transport.edits.withLock { $0[handset.transport.requests + 2] = { body in
                    var report = try Self.decode(body)
                    if drop {
                        report.alongside = []
                    } else {
                        report.localAgentStatus = SERAM.AgentStatus(.unavailableSE, executedSeRamCommands: 1)
                        report.ramResponses = nil
                    }
                    return try Self.encode(report)
                } }
                let created = await create(handset, "2.0.0")
                let instance = try #require(created.serviceInstance, "\(created.executionMessage)")
                #expect(instance.reader == expected)
                #expect(await handset.client.terminateService(serviceInstanceId: instance.id).processInfo.executionStatus == .noError)
            }
        }
    }

    @Test("one component listed twice is one; more reports than orders, and reports that are none, do nothing")
    func hostileReports() async throws {
        try await withBench(profiles: Self.profiles) { bench in
            prepare(bench)
            let (eSE, sim) = (try await bench.card(number: 1, profileId: Self.second), try await bench.card(.uicc, number: 2))
            let twice = try Handset(bench, inserted: [Inserted(reader: "eSE1", card: eSE), Inserted(reader: "eSE2", card: eSE)])
            _ = bench.issuerCalls.take()
            let (created, count) = await twice.requests { await create(twice, "2.0.0") }
            let id = try #require(created.serviceInstance?.id, "\(created.executionMessage)")
            #expect(count == 2 && bench.issuerCalls.take() == ["beginEligibility", "submitEvidence"])
            #expect(await twice.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)

            let handset = try Handset(bench, inserted: [Inserted(reader: "eSE1", card: eSE), Inserted(reader: "SIM1", card: sim)], device: "device-2")
            let edits: [@Sendable (inout SERAM.Report) -> Void] = [
                { report in report.alongside = [SERAM.Report](repeating: report, count: 20) },
                { report in report.alongside = [SERAM.Report(localAgentStatus: SERAM.AgentStatus(.processed), ramResponses: [SERAM.Response(listOfRAPDU: ["zz"])])] },
                // Each card's answers for the other's.
                { report in
                    let first = report.ramResponses
                    report.ramResponses = report.alongside?.first?.ramResponses
                    report.alongside = [SERAM.Report(localAgentStatus: report.localAgentStatus, ramResponses: first)]
                },
            ]
            for (edit, isCreated) in zip(edits, [true, true, false]) {
                handset.transport.edits.withLock { $0[handset.transport.requests + 2] = { body in
                    var report = try Self.decode(body)
                    edit(&report)
                    return try Self.encode(report)
                } }
                let result = await create(handset, "2.0.0")
                #expect((result.serviceInstance != nil) == isCreated, "\(result.executionMessage)")
                if let instance = result.serviceInstance {
                    #expect(instance.reader == "eSE1")
                    #expect(await handset.client.terminateService(serviceInstanceId: instance.id).processInfo.executionStatus == .noError)
                }
            }
        }
    }

    private static func decode(_ body: [UInt8]) throws -> SERAM.Report { try WireJSON.decode(SERAM.Report.self, from: body) }
    private static func encode(_ report: SERAM.Report) throws -> [UInt8] { Array(try WireJSON.encode(report)) }
}
