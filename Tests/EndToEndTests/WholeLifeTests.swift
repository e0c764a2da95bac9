import GlobalPlatform
import SecureComponent
import Testing
import TrustedServiceModel

extension EndToEnd.Shared {
    @Test("create, deploy, use, terminate: 2 requests each for create and deploy, the card is as empty as before")
    func wholeLife() async throws {
        try await WholeLife(deploymentRequests: 2).run()
    }
}

extension EndToEnd.RandomChallenges {
    @Test("create, deploy, use, terminate: 2 requests for create, 4 for deploy, the card is as empty as before")
    func wholeLife() async throws {
        try await WholeLife(deploymentRequests: 4).run()
    }
}

/// From an empty card to an empty card.
struct WholeLife {
    /// Reports included (design budget: 2 with predictable challenges, 4 with random ones).
    let deploymentRequests: Int

    func run() async throws {
        let testbed = try RunningTestbed.required()
        try await withHandset(try TestHandset(testbed)) { handset in
            let before = handset.content
            let id = try await create(handset, testbed)
            try await deploy(handset, id)
            try await use(handset, testbed, id, before)
            let again = await handset.client.createServiceInstance(serviceId: try testbed.service(), version: "1.0.0")
            #expect(again.executionStatus == .alreadyExists && again.serviceInstance == nil, "\(again.executionMessage)")

            let terminated = await handset.terminate(id)
            #expect(terminated.processInfo.executionStatus == .noError, "\(terminated.processInfo.executionMessage)")
            #expect(handset.content == before)
            #expect(try await handset.instances(testbed).isEmpty)
            // What is gone is gone.
            #expect(await handset.deploy(id).processInfo.executionStatus == .notFound)
        }
    }

    private func create(_ handset: TestHandset, _ testbed: RunningTestbed) async throws -> String {
        let created = await handset.client.createServiceInstance(serviceId: try testbed.service(), version: "1.0.0")
        #expect(created.executionStatus == .noError && created.executionMessage.isEmpty, "\(created.executionMessage)")
        let instance = try #require(created.serviceInstance)
        #expect(instance.state == .notDeployed)
        #expect(handset.transport.registrations == 1)
        #expect(handset.transport.requests == 2)
        return instance.id
    }

    private func deploy(_ handset: TestHandset, _ id: String) async throws {
        let listener = RememberingListener()
        let requests = handset.transport.requests
        let result = await handset.deploy(id, listener: listener)
        #expect(handset.transport.requests - requests == deploymentRequests)
        #expect(result.processInfo.executionStatus == .noError, "\(result.processInfo.executionMessage)")
        #expect(result.serviceInstanceState == .operational)
        #expect(result.serviceCommandResults.map(\.commandExecutionStatus) == [.success, .success, .success])
        let heard = listener.heard
        #expect(heard.starts.map(\.processId) == [result.processInfo.processId])
        #expect(!heard.progress.isEmpty && heard.progress.map(\.progress) == heard.progress.map(\.progress).sorted())
        #expect(heard.progress.allSatisfy { (0...100).contains($0.progress) && $0.processId == result.processInfo.processId })
    }

    private func use(_ handset: TestHandset, _ testbed: RunningTestbed, _ id: String, _ before: CardContent) async throws {
        let listed = try await handset.instances(testbed)
        #expect(listed.map(\.id) == [id] && listed.first?.state == .operational)
        // One security domain, and both applications of the service in it.
        let added = handset.content.registry.subtracting(before.registry)
        let instances = [try AID(hex: "f054534d5301010101"), try AID(hex: "f054534d5301020101")]
        let domains = Set(added.filter { instances.contains($0.aid) }.compactMap(\.securityDomain))
        #expect(domains.count == 1)
        #expect(Set(instances).isSubset(of: added.map(\.aid)))
        // As the app: through OMAPI, under the card's access rules.
        let session = try await handset.readers.reader(named: "eSE1").openSession()
        let channel = try await session.openLogicalChannel(instances[0])
        let version = try await channel.transmit(CommandAPDU(cla: 0x80, ins: 0x30, p1: 0, p2: 0, expectedLength: 256))
        #expect(version.statusWord.isSuccess && version.data == [1, 0], "\(version)")
        await session.close()
    }
}
