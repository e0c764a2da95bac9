import DeploymentDocument
import GlobalPlatform
import GRDB
import SecureComponent
@testable import SecureComponentSimulator
@testable import SPTSMHandset
import TestMaterial
import Testing
import TSMAPI
import TrustedServiceModel

/// TR-03165 3.2.1.2, 4.2.5.4: version 1.0.0 is the ticket applet and the store's two applets, in 1.1.0 the ticket applet's next release stands in its place.
@Suite("updateService within the security domain: what is the same stays")
struct UpdateInPlaceTests {
    static let ticket: [UInt8] = [0xF0, 0x54, 0x53, 0x4D, 0x53, 0x01, 0x01, 0x01, 0x01], store: [UInt8] = [0xF0, 0x54, 0x53, 0x4D, 0x53, 0x01, 0x02, 0x01, 0x01]

    /// - Parameters:
    ///   - upgrades: the profile says that load files can be upgraded.
    ///   - handsOver: the ticket applets say that they hand their data over.
    ///   - change: of the new Version's document.
    static func catalogue(upgrades: Bool = false, handsOver: Bool = true, _ change: (inout DeploymentDocument) throws -> Void = { _ in }) throws -> FixedCatalogue {
        let files = try ["ticket-1.0-jc304.cap", "ticket-1.1-jc304.cap", "store-1.0-jc304.cap"].map { try CAPFile(Applets.archive($0)) }
        let catalogue = try FixedCatalogue(files: files, profile: TSMBench.profile)
        var old = catalogue.document
        old.keyProvisioning = KeyProvisioning(mode: 3, keyIndex: nil)
        old.profile.upgradesLoadFiles = upgrades
        for index in 0..<2 {
            old.loadFiles[index].handsDataOver = handsOver
            old.applications[index].provideAttestationToken = true
        }
        var new = old
        old.loadFiles.remove(at: 1)
        old.applications.remove(at: 1)
        new.loadFiles.remove(at: 0)
        new.applications.remove(at: 0)
        new.versionTag = "1.1.0"
        try change(&new)
        catalogue.state.withLock { [old, new] state in
            state.changed = old
            state.others = ["1.1.0": new]
            state.moreVersions = [VersionSummary(tag: "1.1.0", flavorByProfile: [TSMBench.profile: FixedCatalogue.flavor])]
        }
        return catalogue
    }

    func withDeployed(_ catalogue: FixedCatalogue, _ profile: CardProfile, _ body: (TSMBench, SimulatedCard, Handset, String) async throws -> Void) async throws {
        try await withBench(catalogue) { bench in
            let card = try await bench.card(profile)
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            let deployed = await handset.deploy(id)
            #expect(deployed.serviceInstanceState == .operational, "\(deployed.processInfo.executionMessage)")
            try await body(bench, card, handset, id)
        }
    }

    func update(_ handset: Handset, _ id: String, _ version: String = "1.1.0", _ commands: [ServiceCommand] = Handset.all, finalize: Bool = true) async -> UpdateServiceResult {
        await handset.client.updateService(serviceInstanceId: id, newVersion: version, serviceCommands: commands, finalizeDeployment: finalize)
    }

    /// As the app: what an applet answers; nil: it cannot be selected.
    func transmit(_ card: SimulatedCard, _ application: [UInt8], _ command: CommandAPDU) async throws -> [UInt8]? {
        let reader = SimulatorReader(name: "eSE1", card: card, accessControl: AccessControl(deviceApp: try DeviceAppID(hex: FixedCatalogue.app)))
        let session = try await reader.openSession()
        let aid = try AID(application)
        var answer: [UInt8]?
        do throws(SecureComponentError) {
            answer = try await session.openLogicalChannel(aid).transmit(command).data
        } catch {
            switch error {
            case .applicationNotFound, .selectionRefused: break
            default: throw error
            }
        }
        await session.close()
        return answer
    }

    static let version = CommandAPDU(cla: 0x80, ins: 0x30, p1: 0, p2: 0, expectedLength: 256)
    static let token = CommandAPDU(cla: 0x80, ins: 0x12, p1: 0, p2: 0, expectedLength: 256)
    static let read = CommandAPDU(cla: 0x00, ins: 0xB0, p1: 0, p2: 0, expectedLength: 5)
    static let write = CommandAPDU(cla: 0x00, ins: 0xD0, p1: 0, p2: 0, data: Array("hello".utf8))

    func versions(_ card: SimulatedCard) -> [[UInt8]] {
        ["F054534D530101", "F054534D530102"].compactMap { aid in card.image.registry.first { Hex.encodeUpperCase($0.aid.bytes) == aid }?.version }
    }

    @Test("one of two load files changed: the other keeps its applications and their data, the issuer is not asked, no key changes", arguments: CardProfile.proving)
    func storeStays(profile: CardProfile) async throws {
        try await withDeployed(try Self.catalogue(), profile) { bench, card, handset, id in
            _ = try await transmit(card, Self.store, Self.write)
            let token = try #require(await transmit(card, Self.ticket, Self.token))
            func keys() -> [KeyRecord] { card.image.application(bench.catalogue.document.service.securityDomain)?.domain?.keySets.flatMap(\.keys) ?? [] }
            let before = keys()
            _ = bench.issuerCalls.take()
            let requests = handset.transport.requests
            let updated = await update(handset, id)
            #expect(updated.processInfo.executionStatus == .noError && updated.serviceInstanceState == .operational, "\(updated.processInfo.executionMessage)")
            #expect(updated.processInfo.executionMessage.contains("f054534d5301010101") && updated.processInfo.executionMessage.contains("is lost") && updated.processInfo.executionMessage.contains("Amendment H"))
            #expect(!updated.processInfo.executionMessage.contains("f054534d5301020101"))
            #expect(handset.transport.requests - requests == profile.updateTrips)
            #expect(bench.issuerCalls.take().isEmpty)
            #expect(try await transmit(card, Self.store, Self.read) == Array("hello".utf8))
            #expect(try await transmit(card, Self.ticket, Self.version) == [1, 1])
            // Personalised anew, for this process.
            let again = try #require(await transmit(card, Self.ticket, Self.token))
            #expect(!again.isEmpty && again != token)
            let content = try AttestationToken(parsing: again).content
            #expect(content.processID.description == updated.processInfo.processId)
            #expect(keys() == before && before.count == 3)
            let found = await handset.client.getServiceInstances(serviceId: FixedCatalogue.serviceId).serviceInstances.first
            #expect(found?.technicalInformation.serviceVersionTag == "1.1.0" && found?.lastOperation == .updateFinalize)
        }
    }

    @Test("upgrade of the load file: the ticket keeps its token, in the same number of round trips; the result has nothing to say",
          arguments: [CardProfile.eSEWithCSP, .eUICC, CardProfile.randomUpgrading])
    func upgraded(profile: CardProfile) async throws {
        try await withDeployed(try Self.catalogue(upgrades: true), profile) { bench, card, handset, id in
            let token = try await transmit(card, Self.ticket, Self.token)
            let requests = handset.transport.requests
            let updated = await update(handset, id)
            #expect(updated.processInfo.executionStatus == .noError, "\(updated.processInfo.executionMessage)")
            #expect(updated.processInfo.executionMessage.isEmpty, "\(updated.processInfo.executionMessage)")
            #expect(handset.transport.requests - requests == profile.updateTrips)
            #expect(try await transmit(card, Self.ticket, Self.version) == [1, 1])
            #expect(try await transmit(card, Self.ticket, Self.token) == token)
            #expect(token?.isEmpty == false)
            #expect(versions(card) == [[1, 1], [1, 0]])
            #expect(card.image.upgrade == nil)
            // Back to the lower version there is no upgrade.
            let back = await update(handset, id, "1.0.0")
            #expect(back.processInfo.executionStatus == .noError && back.processInfo.executionMessage.contains("is lost"))
            #expect(try await transmit(card, Self.ticket, Self.version) == [1, 0])
            #expect(try await transmit(card, Self.ticket, Self.token) != token)
        }
    }

    @Test("upgrade of a load file that hands nothing over: personalised again, and the result says so")
    func upgradedWithoutData() async throws {
        try await withDeployed(try Self.catalogue(upgrades: true, handsOver: false), .eSEWithCSP) { _, card, handset, id in
            let updated = await update(handset, id)
            #expect(updated.processInfo.executionMessage.contains("org.globalplatform.upgrade"), "\(updated.processInfo.executionMessage)")
            let token = try #require(await transmit(card, Self.ticket, Self.token))
            #expect(try AttestationToken(parsing: token).content.processID.description == updated.processInfo.processId)
        }
    }

    @Test("not finalized, from Suspended: what stays is locked until deployService finalizes, and is neither personalised nor made selectable again",
          arguments: [false, true])
    func continued(suspends: Bool) async throws {
        try await withDeployed(try Self.catalogue(), .eSE) { _, card, handset, id in
            _ = try await transmit(card, Self.store, Self.write)
            #expect(await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true).processInfo.executionStatus == .noError)
            func states() -> [UInt8] { [Self.ticket, Self.store].compactMap { aid in card.image.registry.first { $0.aid.bytes == aid }?.lifeCycleState } }
            #expect(states() == [0x87, 0x87])
            #expect(await update(handset, id, "1.1.0", [Handset.all[0]], finalize: false).serviceInstanceState == .installed)
            #expect(states() == [0x03, 0x87])
            #expect(await handset.deploy(id, [Handset.all[1]], finalize: false).serviceInstanceState == .personalized)
            let activated = await handset.deploy(id, [.activate(suspensionControl: suspends)], finalize: false)
            #expect(activated.serviceInstanceState == .activated, "\(activated.processInfo.executionMessage)")
            #expect(states() == [0x07, 0x87])
            let finished = await handset.deploy(id, [])
            #expect(finished.processInfo.executionStatus == .noError, "\(finished.processInfo.executionMessage)")
            #expect(finished.serviceInstanceState == (suspends ? .suspended : .operational))
            #expect(states() == (suspends ? [0x87, 0x87] : [0x07, 0x07]))
            if suspends { #expect(await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: false).processInfo.executionStatus == .noError) }
            #expect(states() == [0x07, 0x07])
            #expect(try await transmit(card, Self.store, Self.read) == Array("hello".utf8))
        }
    }

    @Test("access rules alone: a session of the issuer's, and nothing of the content is touched", arguments: [CardProfile.eSE, .eSERandom])
    func accessRules(profile: CardProfile) async throws {
        let other = String(repeating: "cd", count: 32)
        let catalogue = try Self.catalogue { new in
            // The same content as before.
            new.loadFiles[0] = try Self.catalogue().state.withLock { try #require($0.changed) }.loadFiles[0]
            new.applications[1].accessibleViaNfc = true
            new.service.accessAuthorizedDeviceApps.append(other)
        }
        try await withDeployed(catalogue, profile) { bench, card, handset, id in
            let before = card.image
            let requests = handset.transport.requests
            let updated = await update(handset, id)
            #expect(updated.processInfo.executionStatus == .noError && updated.processInfo.executionMessage.isEmpty, "\(updated.processInfo.executionMessage)")
            #expect(handset.transport.requests - requests == profile.updateTripsWithIssuer)
            #expect(card.image.registry == before.registry && card.image.applications.map(\.sink) == before.applications.map(\.sink))
            let rules = try #require(card.image.accessRules)
            let store = try AID(Self.store)
            let domain = bench.catalogue.document.service.securityDomain
            for app in [FixedCatalogue.app, other] {
                let hash = try Hex.decode(app)
                #expect(rules.contains { $0.target == .application(store) && $0.deviceApplication == .hash(hash) && $0.nfcEvents == true })
                #expect(rules.contains { $0.target == .application(domain) && $0.deviceApplication == .hash(hash) })
            }
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
            // Nothing is left of either app's rules.
            let left = try #require(card.image.accessRules)
            #expect(!left.contains { $0.target == .application(store) || $0.target == .application(domain) })
        }
    }

    @Test("a record of before that does not say what is selectable: the card is read first", arguments: [CardProfile.eSE, .eSEWithCSP, .eSERandom])
    func earlierRecord(profile: CardProfile) async throws {
        try await withDeployed(try Self.catalogue(upgrades: profile.upgradesLoadFiles), profile) { bench, card, handset, id in
            _ = try await transmit(card, Self.store, Self.write)
            try await bench.handsetStore.write { db in
                try db.execute(sql: "UPDATE instance SET record = json_remove(record, '$.content.selectable', '$.content.unpersonalized')")
            }
            let requests = handset.transport.requests
            let updated = await update(handset, id)
            #expect(updated.processInfo.executionStatus == .noError, "\(updated.processInfo.executionMessage)")
            // One more for the reading, two where challenges cannot be predicted.
            #expect(handset.transport.requests - requests == (profile == .eSERandom ? 5 : 3))
            #expect(try await transmit(card, Self.store, Self.read) == Array("hello".utf8))
            #expect(try await transmit(card, Self.ticket, Self.version) == [1, 1])
        }
    }

    @Test("key provisioning changed: everything anew, and the result says what that costs")
    func newDomain() async throws {
        try await withDeployed(try Self.catalogue { $0.keyProvisioning = KeyProvisioning(mode: 0, keyIndex: nil) }, .eSE) { bench, card, handset, id in
            _ = try await transmit(card, Self.store, Self.write)
            let updated = await update(handset, id)
            #expect(updated.processInfo.executionStatus == .noError && updated.processInfo.executionMessage.contains("security domain was made anew"), "\(updated.processInfo.executionMessage)")
            #expect(try await transmit(card, Self.store, Self.read) == [0, 0, 0, 0, 0])
        }
    }
}

extension CardProfile {
    /// Upgrades load files, with challenges that cannot be predicted.
    static let randomUpgrading: CardProfile = {
        var profile = eSEWithCSP
        profile.name += "-random"
        profile.scp03Options = [0x60]
        return profile
    }()
}
