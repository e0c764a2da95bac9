import DeploymentDocument
import GlobalPlatform
import Provisioning
import SEIAPI
import Testing
import TrustedServiceModel

@Suite("plans of suspension and update")
struct SuspensionPlannerTests {
    static let aids: [String] = ["F054534D5301010101", "F054534D5301020101"]

    func document(_ aids: [String] = aids) throws -> DeploymentDocument {
        var document = try Documents.ticket()
        let first = try #require(document.applications.first)
        document.applications = try aids.map { aid in
            var application = first
            application.instanceAid = try AID(hex: aid)
            return application
        }
        return document
    }

    @Test("only what is not as wanted is moved; all is proven")
    func moves() throws {
        let document = try document(), aids = try Self.aids.map { try AID(hex: $0) }
        #expect(SuspensionPlanner.sessions(document: document, suspend: true, locked: []) == [.securityDomain(.final, [
            .lock(instance: aids[0]), .lock(instance: aids[1]), .proveLock(aids[0], isLocked: true), .proveLock(aids[1], isLocked: true)])])
        #expect(SuspensionPlanner.sessions(document: document, suspend: false, locked: [aids[1]]) == [.securityDomain(.final, [
            .unlock(instance: aids[1]), .proveLock(aids[0], isLocked: false), .proveLock(aids[1], isLocked: false)])])
        #expect(SuspensionPlanner.sessions(document: document, suspend: true, locked: aids) == [.securityDomain(.final, [
            .proveLock(aids[0], isLocked: true), .proveLock(aids[1], isLocked: true)])])
        #expect(SuspensionPlanner.reading(document: document) == [.securityDomain(.final, [.readLock(aids[0]), .readLock(aids[1])])])
        #expect(SuspensionPlanner.sessions(document: try self.document([]), suspend: true, locked: []).isEmpty)
    }

    @Test("an update takes the old rules away in the issuer's first session")
    func update() throws {
        let rule = SEI.AccessRule(aid: try AID(hex: Self.aids[0]), deviceAppId: nil, apdu: true, nfc: false)
        let status = SEI.Operation.status(aid: try AID(hex: "F054534D53D001"))
        let sessions: [PlannedSession] = [.securityDomain(.final, [.rotateKeys]), .issuer([status]), .issuer([status])]
        #expect(UpdatePlanner.sessions(sessions, removing: [rule]) == [sessions[0], .issuer([.removeAccessRules([rule]), status]), sessions[2]])
        #expect(UpdatePlanner.sessions(sessions, removing: []) == sessions)
    }
}
