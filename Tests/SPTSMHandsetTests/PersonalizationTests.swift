import Cryptography
import DeploymentDocument
import Foundation
import GlobalPlatform
import GRDB
import KeyVaultAPI
@testable import KeyVaultService
@testable import SecureComponentSimulator
import ServiceKit
@testable import SPTSMHandset
import Synchronization
import TSMAPI
import TestMaterial
import Testing
import TrustedServiceModel

@Suite("personalisation by script: values in, answers out, nothing left behind")
struct PersonalizationTests {
    static let script = """
        declare personalizationData.holder utf8 1..48
        declare personalizationData.key hex 16
        declare installationData.rides hex 2
        declare spParameters.line utf8 1..8
        install: ${installationData.rides}
        store holder: C0 LV{ ${personalizationData.holder} " / " ${spParameters.line} }
        store key: C1 LV{ DEK{ ${personalizationData.key} } }
        session
        apdu registry: 80F24002 { 4F00 } 00
        """
    static let holder = "Erika Mustermann, Köln", key = "9f3c51d07e224b8894a61b5d0c77fe13", rides = "5e5e"
    static let commands: [ServiceCommand] = [
        .install(installationData: ["rides": rides]), .personalize(personalizationData: ["holder": holder, "key": key]), .activate(suspensionControl: false),
    ]

    private func give(_ script: String?, _ bench: TSMBench, _ change: (inout DeploymentDocument) throws -> Void = { _ in }) throws {
        try bench.catalogue.state.withLock { state in
            var document = state.changed ?? bench.catalogue.document
            document.applications[0].personalizationScript = script
            try change(&document)
            state.changed = document
        }
    }

    private func sink(_ card: SimulatedCard, _ bench: TSMBench) throws -> SinkData {
        try #require(card.image.application(bench.catalogue.instanceAid)?.sink)
    }

    private func encryptedKey(_ card: SimulatedCard, _ bench: TSMBench) throws -> [UInt8] {
        let domain = try #require(card.image.application(bench.catalogue.document.service.securityDomain)?.domain)
        let dek = try #require(domain.keySets.first?.keys.first { $0.identifier == 3 })
        let key = try SCP03StaticKeys(enc: SecretBytes(copying: dek.value.bytes), mac: SecretBytes(copying: dek.value.bytes), dek: SecretBytes(copying: dek.value.bytes))
        return try key.encryptKeyData(SecretBytes(copying: try Hex.decode(Self.key)))
    }

    private func pairs(_ result: DeployServiceResult) -> [CommandResponsePair] {
        result.serviceCommandResults.flatMap { $0.personalizationResults ?? [] }.flatMap(\.results)
    }

    private func processKeys(_ bench: TSMBench) async throws -> Int? {
        try await bench.spVault.store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM process_key") }
    }

    @Test("a whole deployment costs no request more, and its result is what the application answered", arguments: CardProfile.proving + [.sixteen, .sixteenRandom, .aes192, .inherited])
    func wholeLife(profile: CardProfile) async throws {
        try await withBench { bench in
            try give(Self.script, bench)
            let card = try await bench.card(profile)
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            let before = handset.transport.requests
            let deployed = await handset.deploy(id, Self.commands)
            #expect(deployed.processInfo.executionStatus == .noError, "\(deployed.processInfo.executionMessage)")
            #expect(deployed.serviceInstanceState == .operational && handset.transport.requests - before == profile.deploymentTrips)
            let sink = try sink(card, bench)
            #expect(sink.fields["c0"]?.bytes == Array((Self.holder + " / U1").utf8) && sink.fields["c2"]?.bytes == [0x5E, 0x5E] && !sink.token.bytes.isEmpty)
            // Random challenges: the content session runs under the first keys, so the data encryption key is theirs, and gone since.
            if profile.scp03Parameter.hasPseudoRandomChallenge { #expect(sink.fields["c1"]?.bytes == (try encryptedKey(card, bench))) }
            #expect(sink.fields["c1"].map { $0.bytes.count == 16 && $0.bytes != (try? Hex.decode(Self.key)) } == true)

            #expect(deployed.serviceCommandResults.map { $0.personalizationResults == nil } == [true, false, true])
            #expect(deployed.serviceCommandResults[1].personalizationResults?.map(\.applicationInstanceAid) == [Hex.encode(bench.catalogue.instanceAid.bytes)])
            let pairs = pairs(deployed)
            #expect(pairs.map(\.tag) == ["holder", "key", "registry"] && pairs.map { $0.response.suffix(4) } == ["9000", "9000", "9000"])
            // Zeros where values were; the SP app knows them.
            let holder = [UInt8](repeating: 0, count: Self.holder.utf8.count) + Array(" / U1".utf8)
            #expect(pairs[0].command == Hex.encode([0x80, 0xE2, 0x00, 0x00, UInt8(holder.count + 2), 0xC0, UInt8(holder.count)] + holder))
            #expect(pairs[1].command == "80e2800112c110" + String(repeating: "00", count: 16))
            let registry = try Hex.decode(pairs[2].response).dropLast(2)
            #expect(try TLV.parseAll(registry).contains { try RegistryEntry(parsing: $0).aid == bench.catalogue.instanceAid })
        }
    }

    @Test("call by call: each brings what its step needs", arguments: [CardProfile.eSE, .eSERandom])
    func stepwise(profile: CardProfile) async throws {
        try await withBench { bench in
            try give(Self.script, bench)
            let card = try await bench.card(profile)
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            #expect(await handset.deploy(id, [Self.commands[0]], finalize: false).serviceInstanceState == .installed)
            let early = await handset.deploy(id, [.personalize(personalizationData: ["holder": "x"])], finalize: false)
            #expect(early.processInfo.executionStatus == .invalidArgument && early.processInfo.executionMessage == "Invalid argument: personalizationData.key is missing")
            #expect(early.serviceInstanceState == .installed)
            let personalized = await handset.deploy(id, [Self.commands[1]], finalize: false)
            #expect(personalized.serviceInstanceState == .personalized, "\(personalized.processInfo.executionMessage)")
            #expect(pairs(personalized).count == 3)
            #expect(try sink(card, bench).fields["c1"]?.bytes == (try encryptedKey(card, bench)))
            #expect(await handset.deploy(id, [Self.commands[2]], finalize: true).serviceInstanceState == .operational)
        }
    }

    @Test("names and values that do not fit are refused before anything is sent, with the name and without the value", arguments: [
        (["rides": "00", "bonus": "1"], [:], "'bonus' in installationData is taken by no PersonalizationScript of this Flavor"),
        (["rides": "5e5e"], ["holder": "x", "key": key, "pin": "1"], "'pin' in personalizationData is taken by no PersonalizationScript of this Flavor"),
        ([:], ["holder": "x", "key": key], "installationData.rides is missing"), (["rides": "5e5e"], ["holder": "x"], "personalizationData.key is missing"),
        (["rides": "5e"], ["holder": "x", "key": key], "installationData.rides has 1 bytes, 2 are expected"),
        (["rides": "5e5e"], ["holder": String(repeating: "ß", count: 25), "key": key], "personalizationData.holder has 50 bytes, 1 to 48 are expected"),
        (["rides": "5e5e"], ["holder": "x", "key": "geheim"], "personalizationData.key is not hexadecimal, two digits a byte"),
        (["rides": "5e5e"], ["holder": "x", "key": String(repeating: "0", count: 5000)], "personalizationData.key has 5000 bytes of text, at most 4096 are taken"),
        (["rides": "5e5e", "": "x"], ["holder": "x", "key": key], "a name in installationData has 0 bytes, 1 to 64 are expected"),
        (Dictionary(uniqueKeysWithValues: (0..<65).map { ("n\($0)", "1") }), [:], "installationData has 65 names, at most 64 are taken"),
    ] as [([String: String], [String: String], String)])
    func refusals(installation: [String: String], personalization: [String: String], message: String) async throws {
        try await withBench { bench in
            try give(Self.script, bench)
            let card = try await bench.card()
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            let before = card.image.registry
            let result = await handset.deploy(id, [.install(installationData: installation), .personalize(personalizationData: personalization)])
            #expect(result.processInfo.executionStatus == .invalidArgument && result.processInfo.executionMessage == "Invalid argument: " + message)
            #expect(result.processInfo.processId.isEmpty && card.image.registry == before)
            #expect(try await bench.engine.openDialogCount() == 0)
            #expect(try await processKeys(bench) == 0)
        }
    }

    @Test("data for a Flavor without a script is refused")
    func withoutScript() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            let result = await handset.deploy(id, Self.commands)
            #expect(result.processInfo.executionMessage == "Invalid argument: 'rides' in installationData is taken by no PersonalizationScript of this Flavor")
        }
    }

    @Test("what the service provider's configuration lacks is said so")
    func configuration() async throws {
        try await withBench { bench in
            try give(Self.script, bench) { $0.spParameters = [:] }
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            let missing = await handset.deploy(id, Self.commands)
            #expect(missing.processInfo.executionStatus == .internalError && missing.processInfo.executionMessage.contains("spParameters.line is missing, by the Service's or Flavor's configuration"))
            try give("store a: 0", bench)
            let unreadable = await handset.deploy(id)
            #expect(unreadable.processInfo.executionStatus == .internalError && unreadable.processInfo.executionMessage.contains("line 1, column 10"))
        }
    }

    @Test("a command that the card refuses: 7 with its label, InError, and the next call recovers", arguments: [CardProfile.eSE, .eSERandom])
    func refusedCommand(profile: CardProfile) async throws {
        try await withBench { bench in
            try give(Self.script.replacing("session", with: "store bad: C7 LV{ 00 }\nsession"), bench)
            let card = try await bench.card(profile)
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            let failed = await handset.deploy(id, Self.commands)
            #expect(failed.processInfo.executionStatus == .secureComponentError && failed.serviceInstanceState == .inError, "\(failed.processInfo.executionMessage)")
            #expect(failed.processInfo.executionMessage.contains("'personalize application \(bench.catalogue.instanceAid): 'bad' of the PersonalizationScript'"), "\(failed.processInfo.executionMessage)")
            #expect(failed.processInfo.executionMessage.contains("6A80"))
            #expect(failed.serviceCommandResults.map(\.commandExecutionStatus) == [.success, .failed, .notExecuted])
            #expect(pairs(failed).map { "\($0.tag) \($0.response)" } == ["holder 9000", "key 9000", "bad 6a80"])
            try give(Self.script, bench)
            let again = await handset.deploy(id, Self.commands)
            #expect(again.serviceInstanceState == .operational, "\(again.processInfo.executionMessage)")
            #expect(pairs(again).count == 3)
        }
    }

    @Test("an applet without the personalisation interface: 7 and InError (TR-03165 Appendix A.1)", arguments: [true, false])
    func noInterface(token: Bool) async throws {
        let catalogue = try FixedCatalogue(files: [try CAPFile(Applets.archive("store-1.0-jc304.cap"))], profile: TSMBench.profile)
        try await withBench(catalogue) { bench in
            try give(token ? nil : "store a: 00", bench) { document in
                document.keyProvisioning = KeyProvisioning(mode: 3, keyIndex: nil)
                document.applications[0].provideAttestationToken = token
            }
            let card = try await bench.card()
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            let failed = await handset.deploy(id)
            #expect(failed.processInfo.executionStatus == .secureComponentError && failed.serviceInstanceState == .inError)
            #expect(failed.processInfo.executionMessage.contains("INSTALL [for personalization]") && failed.processInfo.executionMessage.contains("6985"), "\(failed.processInfo.executionMessage)")
            #expect(failed.processInfo.executionMessage.contains("org.globalplatform.Application"))
            try give(nil, bench) { $0.applications[0].provideAttestationToken = false }
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
        }
    }

    @Test("a warning that the script does not expect is a failure; one that it expects is none", arguments: [true, false])
    func warnings(expected: Bool) async throws {
        try await withBench { bench in
            // GET STATUS with more to come answers 6310: many modules make the list long.
            try give("store holder: C0 LV{ \"x\" }\nsession\napdu list: 80F24002 { 4F00 } 00" + (expected ? " -> 9000" : " -> 6310"), bench)
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            let result = await handset.deploy(id)
            #expect(result.serviceInstanceState == (expected ? .operational : .inError))
            if !expected { #expect(result.processInfo.executionMessage.contains("'list' of the PersonalizationScript' with 9000") && result.processInfo.executionMessage.contains("the script expects 6310"), "\(result.processInfo.executionMessage)") }
        }
    }

    @Test("an answer that was lost comes again with all of it for one lease, then with status words alone")
    func lostAnswer() async throws {
        try await withBench { bench in
            try give(Self.script, bench)
            let handset = try Handset(bench, try await bench.card(), retries: 1)
            let id = try #require(await handset.create().serviceInstance?.id)
            handset.transport.faults.withLock { $0[4] = .loseAnswer }
            let deployed = await handset.deploy(id, Self.commands)
            #expect(deployed.serviceInstanceState == .operational, "\(deployed.processInfo.executionMessage)")
            #expect(pairs(deployed).last.map { $0.response.count > 4 } == true)
            let process = deployed.processInfo.processId
            let journal = try await bench.engine.store.journal(dialog: process)
            #expect(journal.map(\.kind) == ["order", "report", "result"])
            let kept = try WireJSON.decode(HandsetAPI.DialogAnswer.self, from: Array(journal[2].body.utf8))
            guard case .deployed(let stored)? = kept.result else { Issue.record("no result is kept"); return }
            #expect(pairs(stored).map(\.response) == ["9000", "9000", "9000"])

            let record = try #require(try await bench.engine.store.dialog(id: process))
            func repeated() async throws -> [String] {
                let report = try #require(handset.transport.passed.withLock { $0.last { $0.path.contains("/reports/") } })
                let answer = try await bench.engine.report(1, try WireJSON.decode(SERAM.Report.self, from: report.body), digest: SessionDigest.of(report.body), dialogId: process, caller: record.caller)
                guard case .deployed(let result)? = answer.answer.result else { return [] }
                return pairs(result).map(\.response)
            }
            #expect(try await repeated() == pairs(deployed).map(\.response))
            try await bench.engine.tellVault()
            #expect(try await repeated() == pairs(deployed).map(\.response))
            bench.clock.advance(by: 61)
            try await bench.engine.tellVault()
            #expect(try await repeated() == ["9000", "9000", "9000"])
            #expect(try await bench.engine.store.processesToForget(now: .distantFuture, limit: 10).isEmpty)
        }
    }

    @Test("the handset plane is started anew between orders: the values are still there, sealed", arguments: [3, 4, 5])
    func crash(request: Int) async throws {
        try await withBench { bench in
            try give(Self.script, bench)
            let card = try await bench.card(.eSERandom)
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            handset.transport.before.withLock { $0[request + 1] = { bench.restartPlane() } }
            let deployed = await handset.deploy(id, Self.commands)
            #expect(deployed.serviceInstanceState == .operational, "\(deployed.processInfo.executionMessage)")
            #expect(pairs(deployed).count == 3)
            #expect(try sink(card, bench).fields["c0"]?.bytes == Array((Self.holder + " / U1").utf8))
        }
    }

    @Test("long scripts of many applications go out in several orders", arguments: [CardProfile.eSE, .eSERandom])
    func portions(profile: CardProfile) async throws {
        try await withBench { bench in
            let lines = (0..<200).map { "store a\($0): C0 LV{ ${personalizationData.holder} \"\($0)\" }" }
            try give(nil, bench) { document in
                var application = document.applications[0]
                application.personalizationScript = (["declare personalizationData.holder utf8 1..40"] + lines).joined(separator: "\n")
                document.applications = try (1...4).map { number in
                    application.instanceAid = try AID(application.moduleAid.bytes + [UInt8(number)])
                    return application
                }
            }
            let card = try await bench.card(profile)
            let handset = try Handset(bench, card)
            let id = try #require(await handset.create().serviceInstance?.id)
            let before = handset.transport.requests
            let deployed = await handset.deploy(id, [.install(installationData: [:]), .personalize(personalizationData: ["holder": "Erika"]), .activate(suspensionControl: false)])
            #expect(deployed.serviceInstanceState == .operational, "\(deployed.processInfo.executionMessage)")
            #expect(handset.transport.requests - before > profile.deploymentTrips)
            let results = try #require(deployed.serviceCommandResults[1].personalizationResults)
            #expect(results.map(\.results.count) == [200, 200, 200, 200])
            for number in 1...4 {
                let instance = try AID(bench.catalogue.document.applications[0].moduleAid.bytes + [UInt8(number)])
                #expect(card.image.application(instance)?.sink?.fields["c0"]?.bytes == Array("Erika199".utf8))
            }
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
        }
    }

    @Test("values are in no file of the handset plane's or of its vault's, while the process runs and after", arguments: [CardProfile.eSE, .eSERandom])
    func search(profile: CardProfile) async throws {
        try await withBench { bench in
            try give(Self.script, bench)
            let handset = try Handset(bench, try await bench.card(profile))
            let id = try #require(await handset.create().serviceInstance?.id)
            let seen = Mutex<[String]>([]), searched = Mutex(0)
            for number in 4...8 {
                handset.transport.before.withLock { $0[number] = {
                    let (found, files) = try Self.findings(bench)
                    seen.withLock { $0 += found }
                    searched.withLock { $0 = max($0, files) }
                } }
            }
            #expect(await handset.deploy(id, Self.commands).serviceInstanceState == .operational)
            #expect(searched.withLock { $0 } >= 4)
            #expect(seen.withLock { $0 }.isEmpty, "\(seen.withLock { $0 })")
            #expect(try Self.findings(bench).found.isEmpty)
            // The same search finds what is there: the app's hash.
            #expect(try Self.findings(bench, also: FixedCatalogue.app).found.contains { $0.hasPrefix(FixedCatalogue.app) })
        }
    }

    private static func findings(_ bench: TSMBench, also: String? = nil) throws -> (found: [String], files: Int) {
        var needles: [(String, [UInt8])] = [("holder", Array(holder.utf8)), ("key", try Hex.decode(key)), ("key in hex", Array(key.utf8)), ("key in HEX", Array(key.uppercased().utf8)),
                                            ("holder in hex", Array(Hex.encode(Array(holder.utf8)).utf8)), ("rides", Array("\"\(rides)\"".utf8))]
        for offset in 0..<3 {
            let text = Data([UInt8](repeating: 0, count: offset) + Array(holder.utf8)).base64EncodedString().dropFirst(4).dropLast(4)
            needles.append(("holder in base64", Array(text.utf8)))
        }
        if let also { needles.append((also, Array(also.utf8))) }
        var found: [String] = [], files = 0
        let paths = FileManager.default.enumerator(atPath: bench.directory.path)
        while let path = paths?.nextObject() as? String {
            guard path.hasPrefix("handset/") || path.hasPrefix("sp-vault/"), let content = FileManager.default.contents(atPath: bench.directory.path + "/" + path) else { continue }
            files += 1
            for (name, bytes) in needles where content.range(of: Data(bytes)) != nil { found.append("\(name) in \(path)") }
        }
        return (found, files)
    }

    @Test("a call that ends by its lease leaves no key in the vault")
    func expired() async throws {
        try await withBench { bench in
            try give(Self.script, bench)
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            handset.transport.faults.withLock { $0[4] = .loseRequest }
            #expect(await handset.deploy(id, Self.commands).processInfo.executionStatus == .networkConnectionError)
            #expect(try await processKeys(bench) == 1)
            bench.clock.advance(by: 61)
            #expect(try await bench.engine.endExpiredDialogs() == 1)
            #expect(try await processKeys(bench) == 0)
        }
    }

    @Test("a repeated request is known by its names and everything else, never by its values")
    func requestForm() throws {
        func bytes(_ data: [String: String], id: String = "i") throws -> [UInt8] {
            try RequestForm(.deploy(instanceId: id, commands: [.personalize(personalizationData: data)], finalize: true), HandsetAPI.Handshake(components: [])).bytes
        }
        let form = try bytes(["pin": "4711", "holder": "Erika"])
        #expect(try form == bytes(["holder": "Rosa", "pin": "0815"]))
        #expect(try form != bytes(["pin": "4711"]))
        #expect(try form != bytes(["pin": "4711", "holder": "Erika"], id: "j"))
        #expect(!String(decoding: form, as: UTF8.self).contains("4711"))
    }
}
