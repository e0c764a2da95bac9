import Foundation
import GlobalPlatform
import Testing
import TSMAPI
import TrustedServiceModel

extension EndToEnd {
    @Suite("results for online services", .serialized, .testbed("--with-spos", "--lease", "3"))
    struct SPOSSoakSuite {
        @Test("a whole life: each result comes, in order, as the app got it")
        func wholeLife() async throws {
            let testbed = try RunningTestbed.required()
            let inbox = Inbox(testbed)
            try await withHandset(try TestHandset(testbed)) { handset in
                try await handset.clear(testbed)
                let id = try await handset.create(testbed).id
                var infos = [await handset.deploy(id).processInfo]
                for suspend in [true, false] { infos.append(await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: suspend).processInfo) }
                infos.append(await handset.client.updateService(serviceInstanceId: id, newVersion: "1.1.0", serviceCommands: TestHandset.allCommands, finalizeDeployment: true).processInfo)
                infos.append(await handset.terminate(id).processInfo)
                for info in infos { #expect(info.executionStatus == .noError, "\(info.executionMessage)") }

                let entries = try await inbox.wait(for: infos.map(\.processId)).filter { $0.result.serviceInstanceId == id }
                #expect(entries.map(\.id) == infos.map(\.processId))
                #expect(entries.map { $0.result.requestedOperations.map(\.rawValue) } == [[10, 11, 12], [30], [31], [20, 21, 22], [40]])
                #expect(entries.map(\.result.versionTag) == ["1.0.0", "1.0.0", "1.0.0", "1.1.0", "1.1.0"])
                #expect(entries.map { ProcessInfo(processId: $0.result.processId, executionStatus: $0.result.executionStatus, executionMessage: $0.result.executionMessage,
                                                  startDate: $0.result.startDate, endDate: $0.result.endDate) } == infos)
            }
        }

        @Test("no eligible component: the online service hears why; nobody asks it anything before")
        func eligibility() async throws {
            let testbed = try RunningTestbed.required()
            let inbox = Inbox(testbed)
            let before = try inbox.entries().count
            try await withHandset(try TestHandset(testbed, isEmpty: true)) { handset in
                let created = await handset.client.createServiceInstance(serviceId: try testbed.service(), version: "1.0.0")
                #expect(created.executionStatus == .noEligibleSecureComponent, "\(created.executionMessage)")
                let entry = try #require(try await wait(upTo: .seconds(20)) { try inbox.entries().dropFirst(before).first })
                #expect(entry.result.processId.isEmpty && entry.result.serviceInstanceId.isEmpty && entry.result.executionMessage == created.executionMessage)
                #expect(entry.result.executionStatus == .noEligibleSecureComponent && !entry.id.isEmpty)
            }
        }

        @Test("an online service that is down: the app's results come as ever, and its own come when it is back")
        func down() async throws {
            let testbed = try RunningTestbed.required()
            let inbox = Inbox(testbed)
            try await testbed.kill("spos")
            try await withHandset(try TestHandset(testbed)) { handset in
                try await handset.clear(testbed)
                let id = try await handset.create(testbed).id
                let began = ContinuousClock.now
                let infos = [await handset.deploy(id).processInfo, await handset.terminate(id).processInfo]
                #expect(infos.map(\.executionStatus) == [.noError, .noError], "\(infos)")
                #expect(ContinuousClock.now - began < .seconds(8))
                let told = try await wait(upTo: .seconds(10)) { try testbed.log("sp-tsm-handset").contains("a result was not accepted") ? true : nil }
                #expect(told == true, "the log does not say that results are not accepted")
                #expect(try inbox.entries().allSatisfy { $0.result.serviceInstanceId != id })
                try await testbed.restart("spos")
                let entries = try await inbox.wait(for: infos.map(\.processId)).filter { $0.result.serviceInstanceId == id }
                #expect(entries.map(\.id) == infos.map(\.processId))
            }
        }

        @Test("killed services and a network that fails: each result exactly once, none lost, those of an instance in order")
        func exactlyOnce() async throws { try await ExactlyOnce().run() }
    }
}
