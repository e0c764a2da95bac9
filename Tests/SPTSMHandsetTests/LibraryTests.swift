import GlobalPlatform
import SecureComponentSimulator
@testable import SPTSMHandset
import TestMaterial
import Testing
import TSMAPI
import TrustedServiceModel

@Suite("Services of several load files, in process: engines, vaults, card")
struct LibraryTests {
    private static let prefix: [UInt8] = [0xF0, 0x54, 0x53, 0x4D, 0x53]
    private static let lower = prefix + [0x11], upper = prefix + [0x12], user = prefix + [0x13]

    /// An applet that uses both libraries, of which one uses the other.
    private static func files(imported minor: UInt8 = 2) throws -> [CAPFile] {
        let lower = SampleCAP(.init(lower, 1, 2, exportedClasses: 2), imports: [.lang])
        let upper = SampleCAP(.init(upper, 3, 0, exportedClasses: 1), imports: [.lang, .framework, .init(Self.lower, 1, 0)])
        let user = SampleCAP(.init(user), applets: [user + [1]], imports: [.lang, .framework, .init(Self.upper, 3, 0), .init(Self.lower, 1, minor)])
        return try [lower, upper, user].map { try CAPFile($0.archive()) }
    }

    /// A public package, a private one with two applets, code in three blocks.
    private static func extendedFile() throws -> CAPFile {
        var sample = SampleCAP(extended: .init(prefix + [0x21], 1, 0, name: "org/tsms/big"), packages: [.init(prefix + [0x22], 1, 4, name: "org/tsms/big/api", exportedClasses: 2)],
                               applets: [prefix + [0x23, 1], prefix + [0x23, 2]])
        sample.methodBlocks = 3
        sample.padding = 3000
        sample.staticResources = [(1, [UInt8](repeating: 0x41, count: 200))]
        return try CAPFile(sample.archive())
    }

    private static let javaCard31Random: CardProfile = {
        var profile = CardProfile.eSERandom
        profile.javaCardVersion = VersionNumber([3, 1, 0])
        profile.platformPackages = CardProfile.eUICC.platformPackages
        return profile
    }()

    private func live(_ files: [CAPFile], on profile: CardProfile) async throws {
        try await withBench(try FixedCatalogue(files: files, profile: TSMBench.profile)) { bench in
            let card = try await bench.card(profile)
            let before = card.image
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            let deployed = await handset.deploy(id)
            #expect(deployed.serviceInstanceState == .operational, "\(deployed.processInfo.executionMessage)")
            for file in files {
                let entry = try #require(card.image.registry.first { $0.aid == file.packageAID })
                #expect(entry.modules == file.applets.map(\.aid) && entry.version == file.packageVersion.components.map { UInt8($0) })
            }
            for application in bench.catalogue.document.applications {
                #expect(card.image.registry.first { $0.aid == application.instanceAid }?.lifeCycleState == 0x07)
            }
            let terminated = await handset.client.terminateService(serviceInstanceId: id)
            #expect(terminated.processInfo.executionStatus == .noError, "\(terminated.processInfo.executionMessage)")
            #expect(card.image.registry == before.registry && card.image.accessRules == before.accessRules)
            #expect(card.image.freeMemory(for: .issuerSecurityDomain) == before.freeMemory(for: .issuerSecurityDomain))
        }
    }

    private func isRefused(_ files: [CAPFile], on profile: CardProfile, at package: AID) async throws {
        try await withBench(try FixedCatalogue(files: files, profile: TSMBench.profile)) { bench in
            let card = try await bench.card(profile)
            let before = card.image
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            let failed = await handset.deploy(id)
            #expect(failed.processInfo.executionStatus == .secureComponentError)
            #expect(failed.processInfo.executionMessage.contains("load package \(package)") && failed.processInfo.executionMessage.contains("6985"), "\(failed.processInfo.executionMessage)")
            _ = await handset.client.terminateService(serviceInstanceId: id)
            #expect(card.image.registry == before.registry)
            #expect(card.image.freeMemory(for: .issuerSecurityDomain) == before.freeMemory(for: .issuerSecurityDomain))
        }
    }

    @Test("two libraries and an applet that uses them, loaded and terminated without a trace", arguments: [CardProfile.eSE, .eSERandom])
    func libraries(profile: CardProfile) async throws { try await live(try Self.files(), on: profile) }

    @Test("a library older than what is imported: the card refuses the user, nothing stays")
    func tooOld() async throws {
        let files = try Self.files(imported: 3)
        try await isRefused(files, on: .eSE, at: files[2].packageAID)
        try await isRefused(Array(files.dropFirst()), on: .eSE, at: files[1].packageAID)
    }

    @Test("an extended CAP file on cards of Java Card 3.1", arguments: [CardProfile.eUICC, javaCard31Random])
    func extended(profile: CardProfile) async throws {
        let user = SampleCAP(.init(Self.user), applets: [Self.user + [1]], imports: [.lang, .framework31, .init(Self.prefix + [0x22], 1, 4)])
        try await live([try Self.extendedFile(), try CAPFile(user.archive())], on: profile)
    }

    @Test("an extended CAP file on a card of Java Card 3.0.5: refused at the end of LOAD")
    func extendedOnOlder() async throws {
        let file = try Self.extendedFile()
        try await isRefused([file], on: .eSE, at: file.packageAID)
    }
}
