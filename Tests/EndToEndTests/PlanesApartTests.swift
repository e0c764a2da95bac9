import Foundation
import Testing
import TrustedServiceModel

extension EndToEnd.Planes {
    /// Until a create of the demo service is answered with the category, or not; what it made is ended again.
    private func created(_ handset: TestHandset, _ testbed: RunningTestbed, _ version: String = "1.0.0") async throws -> CreateServiceInstanceResult {
        let result = await handset.client.createServiceInstance(serviceId: try testbed.service(), version: version)
        if let id = result.serviceInstance?.id { #expect(await handset.terminate(id).processInfo.executionStatus == .noError) }
        return result
    }

    /// - Returns: whether it was so within a second.
    private func withinASecond(_ look: () async throws -> Bool) async throws -> Bool {
        let clock = ContinuousClock()
        let began = clock.now
        while true {
            // Judged by when it was asked, not by when the answer came.
            let asked = clock.now
            if try await look() { return asked - began <= .seconds(1) }
            if asked - began > .seconds(10) { return false }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func suspension(_ handset: TestHandset, _ id: String, _ control: Bool) async -> TrustedServiceModel.ProcessInfo {
        await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: control).processInfo
    }

    @Test("the provider plane and its gateway are killed: category 1 for what installs, once the catalogue is too old; suspend, resume, terminate; then all as before")
    func providerAway() async throws {
        let testbed = try RunningTestbed.required()
        let process = try testbed.process("sp-tsm-handset")
        // A catalogue that is too old after two seconds already.
        var configuration = try String(contentsOfFile: process.configuration, encoding: .utf8)
        configuration += "\ncatalogueMaxStaleness: 2\n"
        try configuration.write(toFile: process.configuration, atomically: true, encoding: .utf8)
        try await testbed.restart("sp-tsm-handset")
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            let before = handset.content
            let id = try await handset.create(testbed).id
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            try await withHandset(try TestHandset(testbed, 1)) { other in
                try await other.clear(testbed)
                try await testbed.kill("gateway-provider")
                try await testbed.kill("sp-tsm-provider")
                let killed = ContinuousClock.now
                // Within the time it works from what it has.
                let early = try await created(other, testbed)
                if ContinuousClock.now - killed < .seconds(1) { #expect(early.executionStatus == .noError, "\(early.executionMessage)") }
                let late = try await wait(upTo: .seconds(20)) { try await created(other, testbed).executionStatus == .tsmNotAvailable ? true : nil }
                #expect(late == true)
            }
            let update = await handset.client.updateService(serviceInstanceId: id, newVersion: "1.1.0", serviceCommands: TestHandset.allCommands, finalizeDeployment: true)
            for told in [await handset.deploy(id).processInfo, update.processInfo] {
                #expect(told.executionStatus == .tsmNotAvailable && told.executionMessage.contains("catalogue") && told.processId.isEmpty, "\(told.executionMessage)")
            }
            for control in [true, false] {
                let told = await suspension(handset, id, control)
                #expect(told.executionStatus == .noError, "\(told.executionMessage)")
            }
            let terminated = await handset.terminate(id)
            #expect(terminated.processInfo.executionStatus == .noError, "\(terminated.processInfo.executionMessage)")
            #expect(handset.content == before)
            try await testbed.restart("sp-tsm-provider")
            try await testbed.restart("gateway-provider")
            #expect(try await wait(upTo: .seconds(10)) { try await created(handset, testbed).executionStatus == .noError ? true : nil } == true)
        }
    }

    @Test("the handset plane and its gateway are killed: the REST API serves on, writing too")
    func handsetPlaneAway() async throws {
        let testbed = try RunningTestbed.required()
        let calls = TSMCalls(testbed: testbed)
        try await testbed.kill("gateway-handset")
        try await testbed.kill("sp-tsm-handset")
        #expect(try await calls.done(.get, "/services").contains(try testbed.service()))
        struct Made: Decodable { var id: String }
        let made = try JSONDecoder().decode(Made.self, from: Data(try await calls.done(.post, "/services", body: #"{"name": "made while the handset plane is away"}"#).utf8))
        try await calls.done(.delete, "/services/\(made.id)")
        try await testbed.restart("sp-tsm-handset")
        try await testbed.restart("gateway-handset")
        try await withHandset(try TestHandset(testbed)) { handset in
            let result = try await created(handset, testbed)
            #expect(result.executionStatus == .noError, "\(result.executionMessage)")
        }
    }

    @Test("the operator closes the TSM: within a second category 19 for all that is new, what runs finishes; readOnly does not concern handsets")
    func maintenance() async throws {
        let testbed = try RunningTestbed.required()
        let calls = TSMCalls(testbed: testbed)
        @Sendable func set(_ mode: String) async throws { try await calls.operated(.put, "/maintenance", body: #"{"mode": "\#(mode)", "message": "until 18:00 UTC"}"#) }
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            let id = try await handset.create(testbed).id
            // While the first order is out.
            handset.transport.beforeReport { _ in
                try await set("closed")
                try await withHandset(try TestHandset(testbed, 1)) { other in
                    let isClosed = try await self.withinASecond { try await self.created(other, testbed).executionStatus == .underMaintenance }
                    #expect(isClosed)
                }
            }
            let deployed = await handset.deploy(id)
            #expect(deployed.serviceInstanceState == .operational, "\(deployed.processInfo.executionMessage)")
            #expect(await handset.deploy(id).processInfo.executionStatus == .underMaintenance)
            #expect(await suspension(handset, id, true).executionStatus == .underMaintenance)
            #expect(await handset.terminate(id).processInfo.executionStatus == .underMaintenance)
            // It holds for a handset plane that starts meanwhile.
            try await testbed.restart("sp-tsm-handset")
            #expect(try await withinASecond { await self.suspension(handset, id, true).executionStatus == .underMaintenance })
            try await set("readOnly")
            #expect(try await withinASecond { await self.suspension(handset, id, true).executionStatus == .noError })
            try await set("off")
            try await handset.clear(testbed)
        }
    }

    @Test("the service provider deletes a Flavor alone: within a second its instances are orphans, also for a handset plane that starts anew; then a profile goes, then the Service")
    func withdrawn() async throws {
        let testbed = try RunningTestbed.required()
        let calls = TSMCalls(testbed: testbed)
        let service = try testbed.service()
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            let before = handset.content
            let id = try await handset.create(testbed).id
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            let flavor = try #require(try await calls.flavors()["1.0.0"])
            // Unlinking is no removal.
            try await calls.done(.put, "/services/\(service)/versions/1.0.0/flavors", body: #"["\#(flavor)"]"#)
            let unlinked = await handset.deploy(id)
            #expect(unlinked.processInfo.executionStatus == .notAllowed, "\(unlinked.processInfo.executionMessage)")
            try await calls.done(.delete, "/services/\(service)/flavors/\(flavor)")
            #expect(try await withinASecond { await handset.deploy(id).processInfo.executionStatus == .orphanedServiceInstance })
            try await testbed.restart("sp-tsm-handset")
            let update = await handset.client.updateService(serviceInstanceId: id, newVersion: "1.1.0", serviceCommands: TestHandset.allCommands, finalizeDeployment: true)
            #expect(update.processInfo.executionStatus == .orphanedServiceInstance, "\(update.processInfo.executionMessage)")
            for control in [true, false] {
                let told = await suspension(handset, id, control)
                #expect(told.executionStatus == .noError, "\(told.executionMessage)")
            }
            #expect(try await handset.instances(testbed).map(\.state) == [.operational])
            let terminated = await handset.terminate(id)
            #expect(terminated.processInfo.executionStatus == .noError, "\(terminated.processInfo.executionMessage)")
            #expect(handset.content == before)
            #expect(try await created(handset, testbed).executionStatus == .noEligibleSecureComponent)

            // The operator takes the profile away.
            let second = try await handset.create(testbed, version: "1.1.0").id
            let profile = try #require(testbed.file.handsets[0].secureComponents.first).profileId
            let now = ISO8601DateFormatter().string(from: Date().addingTimeInterval(-3600))
            try await calls.operated(.put, "/secure-component-profiles/\(profile)/removal", body: #"{"effective": "\#(now)", "override": "the chip is broken"}"#)
            try await calls.operated(.delete, "/secure-component-profiles/\(profile)")
            #expect(try await withinASecond { await handset.deploy(second).processInfo.executionStatus == .noEligibleSecureComponent })
            try await withHandset(try TestHandset(testbed, 1)) { other in
                let refused = await other.client.createServiceInstance(serviceId: service, version: "1.1.0")
                #expect(refused.executionStatus == .noEligibleSecureComponent, "\(refused.executionMessage)")
            }

            // And the Service.
            try await calls.done(.delete, "/services/\(service)")
            #expect(try await withinASecond { await handset.client.createServiceInstance(serviceId: service, version: "1.1.0").executionStatus == .notFound })
            #expect(await handset.deploy(second).processInfo.executionStatus == .noEligibleSecureComponent)
            #expect(await handset.terminate(second).processInfo.executionStatus == .noError)
        }
    }
}
