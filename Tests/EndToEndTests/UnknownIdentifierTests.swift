import Foundation
import Testing
import TrustedServiceModel

extension EndToEnd.Shared {
    @Test("unknown service, version and instance: category 17, nothing changes")
    func unknownIdentifiers() async throws {
        let testbed = try RunningTestbed.required()
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            let before = handset.content
            let (service, unknown) = (try testbed.service(), UUID().uuidString.lowercased())
            #expect(await handset.client.createServiceInstance(serviceId: unknown, version: "1.0.0").executionStatus == .notFound)
            #expect(await handset.client.createServiceInstance(serviceId: service, version: "9.9.9").executionStatus == .notFound)
            #expect(await handset.client.createServiceInstance(serviceId: "no UUID", version: "1.0.0").executionStatus == .invalidArgument)
            #expect(await handset.client.getServiceInstances(serviceId: unknown).executionStatus == .notFound)
            let deployed = await handset.deploy(unknown)
            #expect(deployed.processInfo.executionStatus == .notFound && deployed.serviceCommandResults.allSatisfy { $0.commandExecutionStatus == .notExecuted })
            #expect(await handset.terminate(unknown).processInfo.executionStatus == .notFound)
            #expect(await handset.deploy("../\(unknown)").processInfo.executionStatus == .invalidArgument)
            #expect(handset.content == before)
            #expect(try await handset.instances(testbed).isEmpty)
        }
    }

    @Test("another service provider's app: its service and instance answer as if they did not exist")
    func otherServiceProvider() async throws {
        let testbed = try RunningTestbed.required()
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            let id = try await handset.create(testbed).id
            let before = handset.content
            let (service, unknown) = (try testbed.service(), UUID().uuidString.lowercased())
            // The same card in the same handset, the other service provider's app.
            try await withHandset(try TestHandset(testbed, serviceProvider: 1, card: handset.card)) { other in
                let created = await other.client.createServiceInstance(serviceId: service, version: "1.0.0")
                let listed = await other.client.getServiceInstances(serviceId: service)
                let deployed = await other.deploy(id).processInfo
                let terminated = await other.terminate(id).processInfo
                #expect([created.executionStatus, listed.executionStatus, deployed.executionStatus, terminated.executionStatus].allSatisfy { $0 == .notFound })
                // Word for word as for what really does not exist.
                #expect(created.executionMessage.replacing(service, with: unknown) == (await other.client.createServiceInstance(serviceId: unknown, version: "1.0.0").executionMessage))
                #expect(deployed.executionMessage.replacing(id, with: unknown) == (await other.deploy(unknown).processInfo.executionMessage))
                #expect(terminated.executionMessage.replacing(id, with: unknown) == (await other.terminate(unknown).processInfo.executionMessage))
            }
            #expect(handset.content == before)
            #expect(try await handset.instances(testbed).map(\.state) == [.notDeployed])

            // Neither does it get in under the first one's name.
            let caller = try BareCaller(testbed)
            let providers = testbed.file.serviceProviders
            let foreign = try await caller.register(providers[0], app: try #require(providers[1].apps.first).deviceAppId)
            #expect(foreign.status == 403 && foreign.text.contains("\"executionStatus\":\"15\""), "\(foreign.text)")
            await caller.close()
            try await handset.clear(testbed)
        }
    }
}
