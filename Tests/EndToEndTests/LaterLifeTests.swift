import GlobalPlatform
import SecureComponent
import Testing
import TrustedServiceModel

extension EndToEnd.Shared {
    @Test("check, deploy, suspend, resume, update, over the real services")
    func laterLife() async throws {
        try await LaterLife().run()
    }
}

/// What comes before and after a deployment.
struct LaterLife {
    func run() async throws {
        let testbed = try RunningTestbed.required()
        let service = try testbed.service()
        try await withHandset(try TestHandset(testbed)) { handset in
            let before = handset.content
            let available = await handset.client.checkServiceDeploymentAvailable(serviceId: service, version: "1.x.x")
            #expect(available.executionStatus == .noError && available.deploymentAvailable == .deploymentAvailable && available.version == "1.1.0", "\(available.executionMessage)")
            #expect(await handset.client.checkServiceDeploymentAvailable(serviceId: service, version: "9.x.x") == ServiceDeploymentAvailableResult())
            #expect(handset.content == before)

            let id = try await handset.create(testbed).id
            let deployed = await handset.deploy(id)
            #expect(deployed.processInfo.executionStatus == .noError, "\(deployed.processInfo.executionMessage)")
            #expect(try await release(handset) == [1, 0])

            try await suspend(handset, id, true)
            #expect(try await release(handset) == nil)
            #expect(try await handset.instances(testbed).map(\.state) == [.suspended])
            try await suspend(handset, id, false)
            #expect(try await release(handset) == [1, 0])

            #expect(try await store(handset, CommandAPDU(cla: 0x00, ins: 0xD0, p1: 0, p2: 0, data: Self.data)) == [])
            let update = await handset.client.checkServiceUpdateAvailable(serviceInstanceId: id, newVersion: "x.x.x")
            #expect(update.updateAvailable == .updateAvailable && update.newVersion == "1.1.0", "\(update.executionMessage)")
            let requests = handset.transport.requests
            let updated = await handset.client.updateService(serviceInstanceId: id, newVersion: "1.1.0", serviceCommands: TestHandset.allCommands, finalizeDeployment: true)
            #expect(updated.processInfo.executionStatus == .noError, "\(updated.processInfo.executionMessage)")
            #expect(handset.transport.requests - requests == 2)
            // The ticket was made anew, and the result says what that costs; the store is the same in both Versions, and keeps its data.
            #expect(updated.processInfo.executionMessage.contains("f054534d5301010101") && !updated.processInfo.executionMessage.contains("f054534d5301020101"))
            #expect(try await store(handset, CommandAPDU(cla: 0x00, ins: 0xB0, p1: 0, p2: 0, expectedLength: Self.data.count)) == Self.data)
            #expect(try await release(handset) == [1, 1])
            #expect(await handset.client.checkServiceUpdateAvailable(serviceInstanceId: id, newVersion: "x.x.x") == ServiceUpdateAvailableResult())

            let terminated = await handset.terminate(id)
            #expect(terminated.processInfo.executionStatus == .noError, "\(terminated.processInfo.executionMessage)")
            #expect(handset.content == before)
        }
    }

    private func suspend(_ handset: TestHandset, _ id: String, _ suspend: Bool) async throws {
        let requests = handset.transport.requests
        let result = await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: suspend)
        #expect(result.processInfo.executionStatus == .noError, "\(result.processInfo.executionMessage)")
        #expect(handset.transport.requests - requests == 2)
    }

    private static let data = Array("kept by the app".utf8)

    /// As the app: what the ticket applet says of its release; nil: it cannot be selected.
    private func release(_ handset: TestHandset) async throws -> [UInt8]? {
        try await transmit(CommandAPDU(cla: 0x80, ins: 0x30, p1: 0, p2: 0, expectedLength: 256), "f054534d5301010101", handset)
    }

    private func store(_ handset: TestHandset, _ command: CommandAPDU) async throws -> [UInt8]? { try await transmit(command, "f054534d5301020101", handset) }

    private func transmit(_ command: CommandAPDU, _ application: String, _ handset: TestHandset) async throws -> [UInt8]? {
        let session = try await handset.readers.reader(named: "eSE1").openSession()
        let aid = try AID(hex: application)
        var answer: [UInt8]?
        do throws(SecureComponentError) {
            let channel = try await session.openLogicalChannel(aid)
            answer = try await channel.transmit(command).data
        } catch {
            switch error {
            case .applicationNotFound, .selectionRefused: break
            default: throw error
            }
        }
        await session.close()
        return answer
    }
}
