import Foundation
import GlobalPlatform
import SecureComponentSimulator
import TestMaterial
import Testing

@Suite("Profiles as data")
struct ProfileTests {
    private static let directory = ReferenceData.packageRoot.appendingPathComponent("deploy/testbed/profiles")

    @Test("each built-in profile is a file that says the same, and no file is without its profile")
    func files() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.directory.path).filter { $0.hasSuffix(".json") }
        #expect(Set(files) == Set(CardProfile.builtIn.map { $0.name + ".json" }))
        for profile in CardProfile.builtIn {
            let path = Self.directory.appendingPathComponent(profile.name + ".json").path
            #expect(try CardProfile(contentsOf: path) == profile, "\(profile.name)")
            #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) == (try profile.json()), "\(profile.name)")
            #expect(CardProfile.builtIn(named: profile.name) == profile)
            #expect(profile.description.contains("bytecode is not executed"))
        }
    }

    @Test("every built-in profile makes a card that opens at its strongest level and tells what it is", arguments: CardProfile.builtIn)
    func cards(_ profile: CardProfile) throws {
        let card = try Cards.make(profile)
        #expect(card.image.inconsistency == nil)
        #expect(card.atr == profile.atr.bytes)
        let host = try Cards.issuer(card)
        #expect(try host.status(GetStatusCommand(scope: .issuerSecurityDomain).apdu) == .success)
        let recognition = try CardRecognitionData(parsing: try host.send(GetDataCommand.cardRecognitionData.apdu).data)
        #expect(recognition.secureChannels.map(\.option) == profile.scp03Options)
        #expect(recognition.cardSpecificationVersion == profile.globalPlatformVersion.components)
        let capabilities = try CardCapabilityInformation(parsing: try host.send(GetDataCommand.cardCapabilityInformation.apdu).data)
        #expect(capabilities.secureChannels.first?.aesKeyBits == profile.keyLengths.map { $0 * 8 })
        #expect(capabilities.other.contains(TLV(0x89, [0x00])) == profile.upgradesLoadFiles)
    }

    @Test("first keys come as the profile says: under the parent's keys only, or by STORE DATA as well")
    func firstKeys() throws {
        for profile in CardProfile.builtIn {
            let card = try Cards.make(profile)
            let issuer = try Cards.issuer(card)
            #expect(try Cards.createDomain(issuer) == .success)
            #expect(try Cards.storeFirstKeys(issuer, Cards.keys(0x22)) == (profile.firstKeys == .storeData ? .success : .incorrectData), "\(profile.name)")
            guard profile.firstKeys == .inherited else { continue }
            let host = Host(card)
            try host.select(Cards.ssd)
            #expect(try host.open(Cards.isdKeys(profile), version: 0x30) == .success)
            #expect(try host.status(Cards.putKey(Cards.keys(0x22), version: 0x30, under: Cards.isdKeys(profile))) == .success)
            #expect(try host.open(Cards.keys(0x22), version: 0x30) == .success)
        }
    }

    @Test("the documentation names every member")
    func documented() throws {
        let text = try String(contentsOf: Self.directory.appendingPathComponent("README.md"), encoding: .utf8)
        func names(_ value: Any) -> [String] {
            if let object = value as? [String: Any] { return object.keys + object.values.flatMap(names) }
            return (value as? [Any])?.flatMap(names) ?? []
        }
        for profile in CardProfile.builtIn {
            let object = try JSONSerialization.jsonObject(with: Data(profile.json()))
            for name in Set(names(object)) { #expect(text.contains("`\(name)`"), "\(name)") }
        }
    }

    @Test("a profile of an issuer's own: CPLC, filters, several channels")
    func own() throws {
        var profile = CardProfile.eUICC
        profile.name = "ours"
        profile.productionLifeCycle = HexBytes((0..<42).map { UInt8($0) })
        let filter = try APDUFilter(header: [0x80, 0xCA, 0, 0], mask: [0xFF, 0xFF, 0, 0])
        let app = [UInt8](repeating: 0xAB, count: 20)
        profile.initialAccessRules += [
            AccessRule(target: .any, deviceApplication: .hash(app), apdu: .filters([filter]), nfcEvents: true),
            AccessRule(target: .implicitlySelected, deviceApplication: .any, apdu: .never, nfcEvents: nil),
            AccessRule(target: .aid([0xA0]), deviceApplication: .any, apdu: .always, nfcEvents: nil, otherPermissions: [TLV(0xDB, [0, 0, 0, 0, 0, 0, 0, 1])]),
        ].map { HexBytes($0.encoded.bytes) }
        #expect(try CardProfile(json: profile.json()) == profile)
        let card = try Cards.make(profile)
        let data = try card.transmit(GetDataCommand.cardProductionLifeCycle.apdu).data
        #expect(Array(data.suffix(42).prefix(12)) == (0..<12).map { UInt8($0) })
        #expect(Array(data.suffix(42).dropFirst(12).prefix(4)) == [0xCA, 0xFE, 0x00, 0x01])
        #expect(card.image.accessRules?.count == 4)
    }

    @Test("what is misspelt, missing, contradictory or impossible is refused, with its place")
    func strict() throws {
        let good = String(decoding: try CardProfile.eSE.json(), as: UTF8.self)
        func reason(_ old: String, _ new: String) -> String {
            #expect(good.contains(old), "\(old)")
            do {
                _ = try CardProfile(json: Array(good.replacingOccurrences(of: old, with: new).utf8))
                return "accepted"
            } catch {
                #expect(error.code == .profileInvalid)
                return error.reason
            }
        }
        #expect(reason("\"csp\"", "\"cps\"").contains("'cps'"))
        #expect(reason("\"maximumSets\"", "\"maximumSet\"").contains("keys: there is no member 'maximumSet'"))
        #expect(reason("\"format\" : 1", "\"format\" : 2").contains("format"))
        #expect(reason("\"name\" : \"eSE\",", "").contains("'name' is missing"))
        #expect(reason("\"logicalChannels\" : 4", "\"logicalChannels\" : 21").contains("20 logical channels"))
        #expect(reason("\"parameter\" : \"70\"", "\"parameter\" : \"40\"").contains("secureChannels[0]"))
        #expect(reason("\"parameter\" : \"70\"", "\"parameter\" : \"7070\"").contains("one byte"))
        #expect(reason("\"mode\" : \"S8\"", "\"mode\" : \"S16\"").contains("secureChannels[0].mode: parameter 70 says otherwise"))
        #expect(reason("\"challenge\" : \"pseudoRandom\"", "\"challenge\" : \"random\"").contains("secureChannels[0].challenge"))
        #expect(reason("\"GlobalLock\"", "\"GlobalLook\"").contains("'GlobalLook'"))
        #expect(reason("\"length\" : 16", "\"length\" : 17").contains("17"))
        #expect(reason("\"apdu\" : \"always\"", "\"apdu\" : \"sometimes\"").contains("rules[0].apdu"))
        #expect(reason("\"deviceApp\" : \"any\"", "\"deviceApp\" : \"abcd\"").contains("20 or 32 bytes"))
        #expect(reason("\"target\" : \"a000000151000000\"", "\"target\" : \"\"").contains("rules[0].target"))
        #expect(reason("\"accessRuleApplication\" : true", "\"accessRuleApplication\" : false").contains("no access rule application"))
        #expect(reason("\"firstKeys\" : \"storeData\"", "\"firstKeys\" : \"guessed\"").contains("keys.firstKeys"))
        #expect(reason("\"version\" : \"1.0\"", "\"version\" : \"1.0\", \"minor\" : 0").contains("'minor'"))
        #expect(reason("\"nonVolatile\" : 1200000", "\"nonVolatile\" : -1").contains("memory.nonVolatile"))
        #expect(reason("{", "[") != "accepted")
        for length in [0, 1, good.utf8.count / 2, good.utf8.count - 3] {
            #expect(throws: SimulatorError.self) { try CardProfile(json: Array(good.utf8.prefix(length))) }
        }
        #expect(throws: SimulatorError.self) { try CardProfile(contentsOf: "/nowhere/profile.json") }
    }

    @Test("a profile that cannot be is refused when a card is made of it")
    func impossible() throws {
        var wrong = CardProfile.eSE
        wrong.logicalChannels = 21
        #expect(throws: SimulatorError.self) { try Cards.make(wrong) }
        wrong = .eSE
        wrong.scp03Options = [0x40]
        #expect(throws: SimulatorError.self) { try Cards.make(wrong) }
        wrong = .eSE
        wrong.initialAccessRules = [HexBytes([0xE2, 0x00])]
        #expect(throws: SimulatorError.self) { try Cards.make(wrong) }
        #expect(throws: SimulatorError.self) {
            try SimulatedCard.personalized(
                profile: .eSE, isdKeys: Cards.keys(1, length: 32), issuerIdentificationNumber: [1], cardImageNumber: [1], keyDiversificationData: Cards.kdd)
        }
    }
}
