import DeploymentDocument
import GlobalPlatform
@testable import Provisioning
import SEIAPI
import Testing

@Suite("personalisation in portions")
struct PersonalizationPortionsTests {
    /// One package with so many instances, each with a script of so many commands.
    private func document(_ commands: [Int]) throws -> DeploymentDocument {
        var document = try Documents.ticket(token: false)
        let first = document.applications[0]
        document.applications = try commands.enumerated().map { index, count in
            var application = first
            application.instanceAid = try AID(first.moduleAid.bytes + [UInt8(index + 1)])
            application.personalizationScript = (0..<count).map { "apdu a\($0): 80CA0066" }.joined(separator: "\n")
            return application
        }
        return document
    }

    private func steps(_ document: DeploymentDocument) -> [ProvisioningStep] {
        [.load(package: document.loadFiles[0].packageAid)] + document.applications.map { .personalize(instance: $0.instanceAid) } + document.applications.map { .proveApplication($0.instanceAid, state: 3) }
    }

    @Test("what fits stays whole", arguments: [[], [0], [256], [256, 254], [100, 100, 100, 100, 100]])
    func whole(commands: [Int]) throws {
        let document = try document(commands)
        let sessions: [PlannedSession] = [.issuer([.status(aid: document.service.securityDomain)]), .securityDomain(.first, [.rotateKeys]), .securityDomain(.final, steps(document)), .issuer([])]
        #expect(try PersonalizationPortions.split(sessions, of: document) == sessions)
        #expect(PersonalizationPortions.firstOrder(sessions) == 0..<4)
    }

    @Test("what does not becomes several sessions, and the later ones orders of their own")
    func portions() throws {
        let document = try document([256, 256, 200, 200, 256])
        let steps = steps(document), personalize = Array(steps[1...5])
        let sessions: [PlannedSession] = [.issuer([.status(aid: document.service.securityDomain)]), .securityDomain(.first, [.rotateKeys]), .securityDomain(.final, steps), .issuer([])]
        let split = try PersonalizationPortions.split(sessions, of: document)
        #expect(split == sessions[..<2] + [.securityDomain(.final, [steps[0], personalize[0]]), .securityDomain(.final, Array(personalize[1...2])),
                                           .securityDomain(.final, Array(personalize[3...4] + steps[6...])), .issuer([])])
        #expect(PersonalizationPortions.firstOrder(split) == 0..<3)
        // Random challenges: the rotation ends the first portion.
        let random = try PersonalizationPortions.split([.securityDomain(.first, steps + [.rotateKeys])], of: document)
        #expect(random.map { if case .securityDomain(let keys, let steps) = $0 { "\(keys) \(steps.last == .rotateKeys)" } else { "" } } == ["first true", "final false", "final false"])
    }
}
