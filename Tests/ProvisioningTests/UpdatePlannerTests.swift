import DeploymentDocument
import GlobalPlatform
import Provisioning
import SEIAPI
import Testing
import TrustedServiceModel

/// TR-03165 4.2.5.4: only what changed is replaced. The installed Version has a library that two applets use and a third applet that uses nothing:
/// load files 1 (library), 2, 3 (users), 4; applications 2, 3, 4.
@Suite("update plan: what is replaced, what stays")
struct UpdatePlannerTests {
    static func aid(_ number: UInt8) -> AID { known([0xF0, 0x54, 0x53, 0x4D, 0x53, 0x01, number]) }
    static func app(_ number: UInt8) -> AID { known([0xF0, 0x54, 0x53, 0x4D, 0x53, 0x01, number, 0x01, 0x01]) }
    static let domain = known([0xF0, 0x54, 0x53, 0x4D, 0x53, 0xD0, 0x01])
    private static func known(_ bytes: [UInt8]) -> AID { (try? AID(bytes)) ?? .issuerSecurityDomain }
    static let firstApp = HexBytes([UInt8](repeating: 0xAB, count: 32)), secondApp = HexBytes([UInt8](repeating: 0xCD, count: 32))

    static func document() throws -> DeploymentDocument {
        var document = try Documents.ticket()
        func file(_ number: UInt8, uses: [AID] = []) throws -> LoadFileDocument {
            LoadFileDocument(executableLoadFileId: "elf-\(number)", packageAid: aid(number), sha256: HexBytes([UInt8](repeating: number, count: 32)), size: 100,
                             moduleAids: number == 1 ? [] : [try AID(aid(number).bytes + [0x01])], packageVersion: VersionNumber([1, 0]), uses: uses, handsDataOver: true)
        }
        document.loadFiles = [try file(1), try file(2, uses: [aid(1)]), try file(3, uses: [aid(1)]), try file(4)]
        var first = document.applications[0]
        first.provideAttestationToken = true
        document.applications = try ([2, 3, 4] as [UInt8]).map { number in
            var application = first
            (application.packageAid, application.moduleAid, application.instanceAid) = (aid(number), try AID(aid(number).bytes + [0x01]), app(number))
            return application
        }
        return document
    }

    static func newer(_ document: inout DeploymentDocument, _ number: UInt8) {
        for index in document.loadFiles.indices where document.loadFiles[index].packageAid == aid(number) {
            document.loadFiles[index].sha256 = HexBytes([UInt8](repeating: 0xF0 | number, count: 32))
            document.loadFiles[index].packageVersion = VersionNumber([1, 1])
        }
    }

    static func rules(_ applications: [UInt8] = [2, 3, 4], apps: [HexBytes] = [firstApp], nfc: Bool = false) -> [SEI.AccessRule] {
        applications.flatMap { number in apps.map { SEI.AccessRule(aid: app(number), deviceAppId: $0, apdu: true, nfc: nfc) } }
    }

    /// A change of the document, what it does on the card without the closing proofs, and what the issuer is asked for.
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var change: @Sendable (inout DeploymentDocument) throws -> Void
        var steps: [ProvisioningStep]
        var issuer: [SEI.Operation] = []
        var commands: [ServiceCommand.Kind] = [.install, .personalize, .activate]
        var upgrades = false

        init(_ name: String, _ steps: [ProvisioningStep], issuer: [SEI.Operation] = [], commands: [ServiceCommand.Kind] = [.install, .personalize, .activate],
             upgrades: Bool = false, _ change: @escaping @Sendable (inout DeploymentDocument) throws -> Void) {
            (testDescription, self.change, self.steps, self.issuer, self.commands, self.upgrades) = (name, change, steps, issuer, commands, upgrades)
        }
    }

    static func renewed(_ number: UInt8) -> [ProvisioningStep] {
        [.deleteInstance(app(number)), .install(instance: app(number)), .personalize(instance: app(number)), .makeSelectable(instance: app(number))]
    }
    static func reloaded(_ number: UInt8) -> [ProvisioningStep] {
        [.deleteInstance(app(number)), .deleteLoadFile(aid(number)), .load(package: aid(number)), .install(instance: app(number)), .personalize(instance: app(number)), .makeSelectable(instance: app(number))]
    }

    static let table: [Row] = [
        Row("nothing but the Version's tag and the Flavor", []) { $0.versionTag = "1.1.0"; $0.flavorId = "other"; $0.spParameters = ["a": "b"]; $0.service.name = "other" },
        Row("one load file", reloaded(4)) { newer(&$0, 4) },
        Row("a load file that hands data over, on a card that upgrades", [.startUpgrade(package: aid(4)), .load(package: aid(4)), .resumeUpgrade(package: aid(4))], upgrades: true) { newer(&$0, 4) },
        Row("a load file that hands no data over, on a card that upgrades: personalised again",
            [.startUpgrade(package: aid(4)), .load(package: aid(4)), .resumeUpgrade(package: aid(4)), .personalize(instance: app(4))], upgrades: true) {
            newer(&$0, 4)
            $0.loadFiles[3].handsDataOver = nil
        },
        Row("an older load file, on a card that upgrades", reloaded(4), upgrades: true) { newer(&$0, 4); $0.loadFiles[3].packageVersion = VersionNumber([0, 9]) },
        Row("a new load file without the module's AID, on a card that upgrades",
            [.deleteInstance(app(4)), .deleteLoadFile(aid(4)), .load(package: aid(4)), .install(instance: app(4)), .personalize(instance: app(4)), .makeSelectable(instance: app(4))], upgrades: true) {
            newer(&$0, 4)
            $0.loadFiles[3].moduleAids = []
        },
        Row("a library under two users",
            [.deleteInstance(app(3)), .deleteInstance(app(2)), .deleteLoadFile(aid(3)), .deleteLoadFile(aid(2)), .deleteLoadFile(aid(1)),
             .load(package: aid(1)), .load(package: aid(2)), .load(package: aid(3)), .install(instance: app(2)), .install(instance: app(3)),
             .personalize(instance: app(2)), .personalize(instance: app(3)), .makeSelectable(instance: app(2)), .makeSelectable(instance: app(3))], upgrades: true) { newer(&$0, 1) },
        Row("one user of the library: the library and the other user stay", reloaded(2)) { newer(&$0, 2) },
        Row("an application more, from a new load file",
            [.load(package: aid(5)), .install(instance: app(5)), .personalize(instance: app(5)), .makeSelectable(instance: app(5))], issuer: [.addAccessRules(rules([5]))]) {
            var file = $0.loadFiles[3], application = $0.applications[2]
            (file.packageAid, file.sha256) = (aid(5), HexBytes([5]))
            (application.packageAid, application.instanceAid) = (aid(5), app(5))
            $0.loadFiles.append(file)
            $0.applications.append(application)
        },
        Row("an application and its load file less", [.deleteInstance(app(4)), .deleteLoadFile(aid(4))], issuer: [.removeAccessRules(rules([4]))]) {
            $0.loadFiles.removeLast()
            $0.applications.removeLast()
        },
        Row("an application less, its load file stays", [.deleteInstance(app(4))], issuer: [.removeAccessRules(rules([4]))]) { $0.applications.removeLast() },
        Row("installation parameters", renewed(4)) { $0.applications[2].applicationSpecificInstallParameter = HexBytes([1]) },
        Row("privileges", renewed(4)) { $0.applications[2].privileges = HexBytes([0x02, 0, 0]) },
        Row("module", renewed(4)) { $0.loadFiles[3].moduleAids.append(aid(9)); $0.applications[2].moduleAid = aid(9) },
        Row("instance AID", [.deleteInstance(app(4)), .install(instance: app(6)), .personalize(instance: app(6)), .makeSelectable(instance: app(6))],
            issuer: [.removeAccessRules(rules([4])), .addAccessRules(rules([6]))]) { $0.applications[2].instanceAid = app(6) },
        Row("personalisation script", renewed(4)) { $0.applications[2].personalizationScript = "other" },
        Row("no attestation token any more", [.deleteInstance(app(4)), .install(instance: app(4)), .makeSelectable(instance: app(4))]) { $0.applications[2].provideAttestationToken = false },
        Row("diversification data in the token", renewed(4)) { $0.applications[2].includeSecurityDomainDiversificationData = true },
        Row("not selectable any more", [.deleteInstance(app(4)), .install(instance: app(4)), .personalize(instance: app(4))], issuer: [.removeAccessRules(rules([4]))]) {
            $0.applications[2].makeSelectable = false
            $0.applications[2].accessibleViaApdu = false
        },
        Row("access rules alone", [], issuer: [.removeAccessRules(rules([4])), .addAccessRules(rules([4], nfc: true))]) { $0.applications[2].accessibleViaNfc = true },
        Row("another app of the service provider, beside the first", [],
            issuer: [.addAccessRules(rules(apps: [secondApp]) + [SEI.AccessRule(aid: domain, deviceAppId: secondApp, apdu: true, nfc: false)])]) {
            $0.service.accessAuthorizedDeviceApps.append(Hex.encode(secondApp.bytes))
        },
        Row("another app in place of the first", [],
            issuer: [.removeAccessRules(rules() + [SEI.AccessRule(aid: domain, deviceAppId: firstApp, apdu: true, nfc: false)]),
                     .addAccessRules(rules(apps: [secondApp]) + [SEI.AccessRule(aid: domain, deviceAppId: secondApp, apdu: true, nfc: false)])]) {
            $0.service.accessAuthorizedDeviceApps = [Hex.encode(secondApp.bytes)]
        },
        Row("the order of installation", []) { $0.applications.reverse() },
        Row("Install alone: neither personalised nor selectable, rules wait for Activate",
            [.deleteInstance(app(4)), .install(instance: app(4))], commands: [.install]) {
            $0.applications[2].applicationSpecificInstallParameter = HexBytes([1])
            $0.service.accessAuthorizedDeviceApps = [Hex.encode(firstApp.bytes)]
        },
    ]

    private func plan(_ row: Row) throws -> [PlannedSession] {
        var wanted = try Self.document()
        try row.change(&wanted)
        wanted.profile.upgradesLoadFiles = row.upgrades
        let installed = try Self.document()
        return try UpdatePlanner.sessions(UpdatePlanner.Input(held: [installed], wanted: wanted, commands: row.commands, selectable: installed.applications.map(\.instanceAid), accessRules: Self.rules()))
    }

    @Test("the table", arguments: table)
    func whole(row: Row) throws {
        let sessions = try plan(row)
        let issuer = sessions.flatMap { session -> [SEI.Operation] in if case .issuer(let operations) = session { operations } else { [] } }
        func sorted(_ operations: [SEI.Operation]) -> [Set<SEI.AccessRule>] {
            operations.map { operation in
                switch operation {
                case .addAccessRules(let rules), .removeAccessRules(let rules): Set(rules)
                default: []
                }
            }
        }
        #expect(sorted(issuer) == sorted(row.issuer))
        #expect(issuer.map { if case .addAccessRules = $0 { true } else { false } } == row.issuer.map { if case .addAccessRules = $0 { true } else { false } })
        #expect(sessions.map(\.isIssuer) == (row.issuer.isEmpty ? [false] : [true, false]))
        guard case .securityDomain(.final, let steps)? = sessions.last else { Issue.record("no session with the domain"); return }
        func isProof(_ step: ProvisioningStep) -> Bool { if case .proveApplication = step { true } else { false } }
        #expect(steps.filter { !isProof($0) } == row.steps)
        // Everything is proven in the end, what stayed as well.
        let proofs = steps.reversed().prefix(while: isProof)
        #expect(!proofs.isEmpty && proofs.count == steps.count(where: isProof))
    }

    @Test("key provisioning and the domain's AID ask for a new domain; nothing else does")
    func newDomain() throws {
        let installed = try Self.document()
        for row in Self.table {
            var wanted = installed
            try row.change(&wanted)
            #expect(!UpdatePlanner.needsNewSecurityDomain(held: [installed], wanted: wanted), "\(row.testDescription)")
        }
        for change: (inout DeploymentDocument) -> Void in [
            { $0.keyProvisioning = KeyProvisioning(mode: 0, keyIndex: nil) }, { $0.keyProvisioning.keyIndex = "other" }, { $0.service.securityDomain = Self.aid(9) },
        ] {
            var wanted = installed
            change(&wanted)
            #expect(UpdatePlanner.needsNewSecurityDomain(held: [installed], wanted: wanted))
            #expect(UpdatePlanner.needsNewSecurityDomain(held: [installed, wanted], wanted: installed))
        }
    }

    @Test("suspension: what stayed is locked and unlocked only where it has to be, and is unlocked to be personalised")
    func locks() throws {
        let installed = try Self.document()
        var wanted = installed
        Self.newer(&wanted, 4)
        let all = installed.applications.map(\.instanceAid)
        func steps(locked: [AID], finalize: Bool, lockAtEnd: Bool, upgrades: Bool = false) throws -> [ProvisioningStep] {
            var wanted = wanted
            wanted.profile.upgradesLoadFiles = upgrades
            if upgrades { wanted.loadFiles[3].handsDataOver = false }
            let sessions = try UpdatePlanner.sessions(UpdatePlanner.Input(held: [installed], wanted: wanted, commands: [.install, .personalize, .activate], finalize: finalize,
                                                                          lockAtEnd: lockAtEnd, selectable: all, locked: locked, accessRules: Self.rules()))
            guard case .securityDomain(.final, let steps)? = sessions.last, sessions.count == 1 else { return [] }
            return Array(steps.dropFirst(upgrades ? 3 : 6))
        }
        func proofs(_ states: [UInt8]) -> [ProvisioningStep] { zip(all, states).map { .proveApplication($0, state: $1) } }
        #expect(try steps(locked: [], finalize: true, lockAtEnd: false) == proofs([7, 7, 7]))
        #expect(try steps(locked: all, finalize: true, lockAtEnd: false) == [.unlock(instance: all[0]), .unlock(instance: all[1])] + proofs([7, 7, 7]))
        #expect(try steps(locked: all, finalize: true, lockAtEnd: true) == [.lock(instance: all[2])] + proofs([0x87, 0x87, 0x87]))
        #expect(try steps(locked: all, finalize: false, lockAtEnd: false) == proofs([0x87, 0x87, 7]))
        #expect(try steps(locked: all, finalize: true, lockAtEnd: true, upgrades: true)
            == [.unlock(instance: all[2]), .personalize(instance: all[2]), .lock(instance: all[2])] + proofs([0x87, 0x87, 0x87]))
    }

    @Test("what the installed Version never got is made up for: personalisation, selectability")
    func madeUpFor() throws {
        let document = try Self.document()
        let all = document.applications.map(\.instanceAid)
        let sessions = try UpdatePlanner.sessions(UpdatePlanner.Input(held: [document], wanted: document, commands: [.install, .personalize, .activate],
                                                                      selectable: [all[0]], unpersonalized: [all[1]], accessRules: Self.rules()))
        #expect(sessions == [.securityDomain(.final, [.personalize(instance: all[1]), .makeSelectable(instance: all[1]), .makeSelectable(instance: all[2])]
            + all.map { .proveApplication($0, state: 0x07) })])
    }

    @Test("documents that say nothing of versions and libraries: what comes later in load order may use what comes before")
    func silentDocuments() throws {
        var installed = try Self.document()
        for index in installed.loadFiles.indices { (installed.loadFiles[index].uses, installed.loadFiles[index].packageVersion, installed.loadFiles[index].handsDataOver) = (nil, nil, nil) }
        var wanted = installed
        wanted.loadFiles[2].sha256 = HexBytes([9])
        wanted.profile.upgradesLoadFiles = true
        let difference = ContentDifference(held: [installed], wanted: wanted, upgrades: true)
        #expect(difference.changes == [Self.aid(1): .kept, Self.aid(2): .kept, Self.aid(3): .loaded, Self.aid(4): .loaded])
        #expect(difference.keptApplications == [Self.app(2)])
    }
}
