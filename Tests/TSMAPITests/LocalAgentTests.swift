import Cryptography
import Foundation
import GlobalPlatform
import SecureComponent
import SecureComponentSimulator
import Synchronization
@testable import TSMAPI
import Testing
import TrustedServiceModel

@Suite("the SERAM local agent")
struct LocalAgentTests {
    func agent(app: UInt8 = 0xAB) throws -> (LocalAgent, SimulatedCard) {
        let key = SecretBytes(copying: [UInt8](0x40...0x4F))
        let card = try SimulatedCard.personalized(profile: .eSE, isdKeys: try SCP03StaticKeys(enc: key, mac: key, dek: key), issuerIdentificationNumber: [0x42], cardImageNumber: [0x01],
                                                  keyDiversificationData: [UInt8](repeating: 0, count: 10))
        let reader = SimulatorReader(name: "eSE1", card: card, accessControl: AccessControl(deviceApp: try DeviceAppID([UInt8](repeating: app, count: 32))))
        let component = HandsetAPI.Component(secureElement: SERAM.SecureElement(seType: .eSE, seId: "4201"), reader: "eSE1", iin: "42", cin: "01", sequenceCounter: nil)
        return (LocalAgent(service: SimulatorService([reader]), components: [component], listener: nil), card)
    }

    func order(_ lists: [[String]]) -> SERAM.Order {
        SERAM.Order(chosenSecureElement: SERAM.SecureElement(seType: .eSE, seId: "4201"), ramCommands: lists.map { .apdus($0) })
    }

    static let selectISD = "00A4040008A00000015100000000"

    @Test("stops at the first refusal, and says how far it came")
    func stops() async throws {
        let (agent, _) = try agent()
        let report = await agent.run(order([[Self.selectISD, "80CA004200"], ["80CA123400", "80CA004500"], ["80CA004500"]]))
        #expect(report.localAgentStatus.localAgentStatusEnum == .processed)
        #expect(report.ramResponses?.map { $0.listOfRAPDU.count } == [2, 1])
        #expect(report.ramResponses?[1].listOfRAPDU == ["6A88"])
    }

    @Test("the channel stays open between orders")
    func staysOpen() async throws {
        let (agent, _) = try agent()
        _ = await agent.run(order([[Self.selectISD]]))
        let report = await agent.run(order([["80CA004200"]]))
        #expect(report.ramResponses?.first?.listOfRAPDU.first?.hasSuffix("9000") == true)
        await agent.close()
    }

    @Test("what the access rules do not allow is told as such; what is no APDU too")
    func denied() async throws {
        let (agent, _) = try agent()
        let denied = await agent.run(order([["00A4040007F054534D53D00100"]]))
        #expect(denied.localAgentStatus.localAgentStatusEnum == .ungrantedAccess)
        #expect(await agent.run(order([["zz"]])).localAgentStatus.localAgentStatusEnum == .unknownFailure)
        #expect(await agent.run(order([["80CA004200"]])).localAgentStatus.localAgentStatusEnum == .unavailableSE)
        #expect(await agent.run(SERAM.Order(ramCommands: nil)).localAgentStatus.localAgentStatusEnum == .polling)
    }

    private func notification(_ content: HandsetAPI.Notification) throws -> SERAM.Command {
        .notification(String(decoding: try JSONEncoder().encode(content), as: UTF8.self))
    }

    @Test("the listener is told of the start once and first, of progress after it and never backwards, whatever the orders repeat")
    func notificationsInOrder() async throws {
        let listener = Told()
        let agent = LocalAgent(service: NoComponents(), components: [], listener: listener)
        let start = try notification(.start(ProcessStart(processId: "p", callerId: "a", startDate: "d")))
        func progress(_ percent: Int) throws -> SERAM.Command { try notification(.progress(ProcessProgress(processId: "p", progress: percent, operation: .deploymentInstallation))) }
        _ = await agent.run(SERAM.Order(ramCommands: [try progress(1), start, try progress(2), try progress(40)]))
        _ = await agent.run(SERAM.Order(ramCommands: [start, try progress(2), try progress(40), try progress(95), .notification("not JSON")]))
        #expect(listener.lines.withLock { $0 } == ["start p", "2", "40", "40", "95"])
    }
}

private final class Told: ProcessListener {
    let lines = Mutex<[String]>([])
    func onProcessStart(_ start: ProcessStart) async throws { lines.withLock { $0.append("start \(start.processId)") } }
    func onProcessProgress(_ progress: ProcessProgress) async { lines.withLock { $0.append("\(progress.progress)") } }
}
