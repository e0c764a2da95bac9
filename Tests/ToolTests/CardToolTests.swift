import ArgumentParser
import Cryptography
import Foundation
import GlobalPlatform
import SecureComponent
import SecureComponentSimulator
import Testing
@testable import tsms

@Suite struct CardToolTests {
    private func directory() throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("tsms-cards-\(UUID().uuidString)").path
        try TestbedLayout.make(path)
        return path
    }

    /// A card made as `secure-component new` makes it.
    private func make(_ path: String) async throws {
        let command = try SecureComponentCommand.New.parse(["--file", path, "--json"])
        try await command.run()
    }

    @Test func keysOfAnotherCardStay() async throws {
        let root = try directory()
        defer { try? FileManager.default.removeItem(atPath: root) }
        try Data("kept".utf8).write(to: URL(fileURLWithPath: root + "/card.json.keys"))
        await #expect(throws: ExitCode.self) { try await make(root + "/card.json") }
        #expect(try String(contentsOfFile: root + "/card.json.keys", encoding: .utf8) == "kept" && !FileManager.default.fileExists(atPath: root + "/card.json"))
    }

    @Test func numbersOutOfRangeAreRefused() throws {
        for version in ["0", "112", "127"] { #expect(throws: (any Error).self) { try SecureComponentCommand.New.parse(["--file", "x", "--key-version", version]) } }
        #expect(try SecureComponentCommand.New.parse(["--file", "x", "--key-version", "111"]).keyVersion == 0x6F)
        for number in ["0", String(Int.min)] {
            #expect(throws: (any Error).self) { try ProviderCommand.Target.parse(["--service-provider=\(number)"]) }
            #expect(throws: (any Error).self) { try HandsetCommand.Target.parse(["--dir", "x", "--service-provider=\(number)"]) }
        }
        #expect(try ProviderCommand.Target.parse(["--service-provider=2"]).serviceProvider == 2)
    }

    @Test func aNewCardHoldsTheKeysOfItsFileAndBothAreForTheirOwner() async throws {
        let root = try directory()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let path = root + "/card.json"
        try await make(path)
        let file = try IssuerKeyFile.read(path + ".keys")
        for name in [path, path + ".keys"] {
            #expect(try FileManager.default.attributesOfItem(atPath: name)[.posixPermissions] as? Int == 0o600)
        }
        let evidence = try await CardEvidence.read(.file(path), issuerSecurityDomain: .issuerSecurityDomain, keyVersionNumber: file.keyVersionNumber, keys: try file.keys())
        #expect(evidence.issuerIdentificationNumber == TestbedNames.defaultIssuerIdentificationNumber)
        #expect(evidence.cardImageNumber.count == 6 && evidence.hasAccessRules && evidence.keyLength == 16)
        #expect(evidence.initializeUpdate.keyVersionNumber == 0x30 && evidence.initializeUpdate.parameter.rawValue == 0x70)
        // Without keys it is the card that tells their length.
        #expect(try await CardEvidence.read(.file(path), issuerSecurityDomain: .issuerSecurityDomain, keyVersionNumber: nil, keys: nil).keyLength == 16)
        // A card is never overwritten, and what is on it never tells a key.
        await #expect(throws: ExitCode.self) { try await make(path) }
        let shown = try String(decoding: JSONEncoder().encode(CardReport(CardFiles.open(path), path: path)), as: UTF8.self)
        for key in [file.enc, file.mac, file.dek] { #expect(!shown.contains(key.description)) }
        #expect(shown.contains("a000000151000000"))
    }

    @Test(arguments: CardProfile.builtIn)
    func aCardOfEachProfileProvesItself(_ profile: CardProfile) async throws {
        let root = try directory()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let path = root + "/card.json"
        try await SecureComponentCommand.New.parse(["--profile", profile.name, "--file", path, "--json"]).run()
        let keys = try IssuerKeyFile.read(path + ".keys").keys()
        let evidence = try await CardEvidence.read(.file(path), issuerSecurityDomain: profile.issuerSecurityDomain, keyVersionNumber: nil, keys: keys)
        #expect(evidence.keyLength == profile.keyLength && evidence.initializeUpdate.parameter == profile.scp03Parameter)
        #expect(evidence.hasAccessRules == profile.hasAccessRuleApplication)
    }

    @Test func aCardWithOtherKeysIsNotRegistered() async throws {
        let root = try directory()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let path = root + "/card.json"
        try await make(path)
        let others = try SCP03StaticKeys.random(keyLength: 16, using: SystemRandom())
        func words(_ body: () async throws -> Void) async -> String {
            do {
                try await body()
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(await words { _ = try await CardEvidence.read(.file(path), issuerSecurityDomain: .issuerSecurityDomain, keyVersionNumber: 0x30, keys: others) }.contains("does not hold these keys"))
        #expect(await words { _ = try await CardEvidence.read(.file(path), issuerSecurityDomain: .issuerSecurityDomain, keyVersionNumber: 0x31, keys: others) }.contains("does not open SCP03"))
        let nowhere = try AID(hex: "a000000003000000")
        #expect(await words { _ = try await CardEvidence.read(.file(path), issuerSecurityDomain: nowhere, keyVersionNumber: nil, keys: nil) }.contains("--isd"))
        #expect(await words { _ = try await CardEvidence.read(.file(root + "/none"), issuerSecurityDomain: nowhere, keyVersionNumber: nil, keys: nil) }.contains("there is no card"))
    }

    @Test func filesThatAreNoneAreSaidToBeNone() throws {
        let root = try directory()
        defer { try? FileManager.default.removeItem(atPath: root) }
        func write(_ text: String) throws -> String {
            let path = root + "/\(UUID().uuidString)"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            return path
        }
        #expect(throws: ToolFailure.self) { try IssuerKeyFile.read(root + "/missing") }
        #expect(throws: ToolFailure.self) { try IssuerKeyFile.read(try write("keys")) }
        #expect { try IssuerKeyFile.read(try write(#"{"keyVersionNumber":48,"enc":"00","mac":"00"}"#)) } throws: { "\($0)".contains("dek is missing") }
        #expect(throws: ToolFailure.self) { try IssuerKeyFile.read(try write(#"{"keyVersionNumber":48,"enc":"00","mac":"00","dek":"00"}"#)).keys() }
        #expect { try CardFiles.profile("no such profile") } throws: { "\($0)".contains("eSE") }
        #expect(throws: ToolFailure.self) { try CardFiles.profile(try write("{}")) }
        #expect(throws: ToolFailure.self) { try CardFiles.open(try write("{}")) }
        let file = try write(String(decoding: JSONEncoder().encode(CardProfile.eSERandom), as: UTF8.self))
        #expect(try CardFiles.profile(file) == .eSERandom)
    }

    @Test(arguments: [
        ["secure-component", "new", "--file", "x", "--iin", "0"], ["secure-component", "new", "--file", "x", "--key-version", "0"], ["secure-component", "new", "--file", "x", "--cin", ""],
        ["secure-component", "attach", "--file", "x", "--transmission", "t2"], ["secure-component", "attach", "--file", "x", "--latency", "-1"], ["secure-component", "attach", "--file", "x", "--port", "70000"],
        ["secure-component", "record", "--reader", "r", "--out", "x", "00a4"], ["secure-component", "record", "--reader", "r", "--out", "x", "--isd", "zz"],
        ["issuer", "register", "--dir", "d", "--reader", "r"], ["issuer", "register", "--dir", "d", "--reader", "r", "--file", "f"], ["issuer", "register", "--dir", "d", "--keys", "k"],
        ["issuer", "register", "--dir", "d", "--reader", "r", "--keys", "k", "--master-key", "m"], ["issuer", "register", "--dir", "d", "--file", "f", "--key-version", "128"],
        ["handset", "--dir", "d", "instances", "s", "--record", "x"], ["handset", "--dir", "d", "--reader", "r", "--isd", "zz", "instances", "s"],
        ["testbed", "up", "--dir", "d", "--iin", "zz"],
    ])
    func wrongUsageIsRefusedBeforeAnythingHappens(_ arguments: [String]) {
        #expect(throws: (any Error).self) { _ = try TSMS.parseAsRoot(arguments) }
    }

    @Test(arguments: [
        ["secure-component", "new", "--file", "x", "--iin", "5453", "--cin", "01"], ["secure-component", "replay", "x", "--port", "35964", "--wait"], ["secure-component", "readers", "--watch"],
        ["secure-component", "record", "--reader", "r", "--out", "x"], ["secure-component", "record", "--reader", "r", "--out", "x", "00a40400", "80ca9f7f00"],
        ["issuer", "register", "--dir", "d", "--file", "f"], ["issuer", "register", "--dir", "d", "--reader", "r", "--master-key", "m", "--first-keys", "inherited"], ["issuer", "inventory", "--dir", "d"],
        ["handset", "--dir", "d", "--reader", "r", "--without-rules", "--record", "x", "deploy", "i"], ["handset", "--dir", "d", "transmit", "--reader", "eSE1", "f054534d5301"],
    ])
    func usageOfTheDocument(_ arguments: [String]) throws { _ = try TSMS.parseAsRoot(arguments) }

    /// A card that answers 61xx and 6Cxx, as T=0 cards do.
    private final class Stubborn: CardConnection {
        let atr: [UInt8] = []
        private let answers: AnswerList

        init(_ answers: [String]) { self.answers = AnswerList(answers) }

        func transmit(_ command: [UInt8]) async throws(SecureComponentError) -> [UInt8] { await answers.next(command) }
        func reset() async throws(SecureComponentError) {}
        func disconnect() async {}
        var commands: [String] { get async { await answers.commands } }
    }

    private actor AnswerList {
        private var answers: [String]
        private(set) var commands: [String] = []

        init(_ answers: [String]) { self.answers = answers }

        func next(_ command: [UInt8]) -> [UInt8] {
            commands.append(Hex.encode(command))
            let answer = answers.count > 1 ? answers.removeFirst() : answers.first ?? ""
            return (try? Hex.decode(answer)) ?? []
        }
    }

    @Test func plainDialogsFetchWhatWaits() async throws {
        let card = Stubborn(["6c03", "aa6102", "bbcc9000"])
        #expect(try await CardDialog(card).send(GetDataCommand.cardImageNumber.apdu).description == "aabbcc9000")
        #expect(await card.commands == ["80ca004500", "80ca004503", "00c0000002"])
        await #expect(throws: ToolFailure.self) { _ = try await CardDialog(Stubborn(["6101"])).send(GetDataCommand.cardImageNumber.apdu) }
        await #expect(throws: APDUError.self) { _ = try await CardDialog(Stubborn(["90"])).send(GetDataCommand.cardImageNumber.apdu) }
    }
}
