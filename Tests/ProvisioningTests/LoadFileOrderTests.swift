import DeploymentDocument
import GlobalPlatform
import Provisioning
import Testing

@Suite("load files that use each other: loaded as the document lists them, deleted the other way round")
struct LoadFileOrderTests {
    private func document(applications: Bool) throws -> (DeploymentDocument, [AID]) {
        var document = try Documents.ticket()
        let libraries = try ["F054534D530170", "F054534D530171"].map { try AID(hex: $0) }
        let files = libraries.map { LoadFileDocument(executableLoadFileId: "\($0)", packageAid: $0, sha256: HexBytes([]), size: 10, moduleAids: []) }
        document.loadFiles = files + document.loadFiles
        if !applications { document.applications = [] }
        return (document, document.loadFiles.map(\.packageAid))
    }

    private func steps(_ sessions: [PlannedSession]) -> [ProvisioningStep] {
        sessions.flatMap { session -> [ProvisioningStep] in if case .securityDomain(_, let steps) = session { steps } else { [] } }
    }

    @Test(arguments: [ChallengeKind.predictable, .random]) func deployment(challenge: ChallengeKind) throws {
        let (document, packages) = try document(applications: true)
        let sessions = try DeploymentPlanner.sessions(.init(document: document, commands: [.install], lockAtEnd: false, challenge: challenge, removesRemainder: false,
                                                            transportKeyIndex: "transport"))
        let steps = steps(sessions)
        #expect(steps.compactMap { if case .load(let package) = $0 { package } else { nil } } == packages)
        let lastLoad = steps.lastIndex { if case .load = $0 { true } else { false } }, firstInstall = steps.firstIndex { if case .install = $0 { true } else { false } }
        #expect(try #require(lastLoad) < #require(firstInstall))
    }

    @Test func termination() throws {
        let (document, packages) = try document(applications: true)
        let steps = steps(TerminationPlanner.sessions(document: document, ownKeysWork: true, holdsSecurityDomain: true, rules: []))
        #expect(steps == document.applications.map { .deleteInstance($0.instanceAid) } + packages.reversed().map { .deleteLoadFile($0) })
    }

    /// Libraries alone: each is proven, since no application proves that they are there.
    @Test func librariesAlone() throws {
        let (document, packages) = try document(applications: false)
        let sessions = try DeploymentPlanner.sessions(.init(document: document, commands: [.install], lockAtEnd: false, challenge: .random, removesRemainder: false,
                                                            transportKeyIndex: "transport"))
        #expect(steps(sessions) == packages.map { .load(package: $0) } + packages.map { .proveLoadFile($0) } + [.rotateKeys])
    }
}
