import Cryptography
import Foundation
import GlobalPlatform
import SecureComponent
import SecureComponentSimulator
import Synchronization
import TestMaterial
import Testing

/// Each status word that a command may answer (GPCS 2.3.1, 11.1.3 and the tables of each command), provoked.
@Suite("Status words")
struct StatusWordTableTests {
    /// By command, "any" for those that every command may answer. A test holds the list against the reference where that is at hand.
    static let table: [String: [UInt16]] = [
        "any": [0x6400, 0x6700, 0x6881, 0x6982, 0x6985, 0x6A86, 0x6D00, 0x6E00],
        "DELETE": [0x6581, 0x6A80, 0x6A82, 0x6A88, 0x6985],
        "GET STATUS": [0x6310, 0x6A80, 0x6A88],
        "INSTALL": [0x6581, 0x6A80, 0x6A84, 0x6A88],
        "LOAD": [0x6581, 0x6A84],
        "PUT KEY": [0x6A80, 0x6A84, 0x6A88, 0x6982],
        "SET STATUS": [0x6A80, 0x6A88],
        "STORE DATA": [0x6A80, 0x6A84, 0x6A88],
        "SELECT": [0x6283, 0x6882, 0x6A81, 0x6A82, 0x6999],
        "GET DATA": [0x6A88],
        "EXTERNAL AUTHENTICATE": [0x6300],
    ]

    /// Fails when it is told to.
    private final class FailingRandom: RandomSource {
        let fails = Mutex(false)

        func bytes(_ count: Int) throws(CryptographyError) -> [UInt8] {
            if fails.withLock({ $0 }) { throw CryptographyError(.randomSourceFailed, "told to") }
            return [UInt8](repeating: 0x5A, count: count)
        }
    }

    /// A card whose directory is gone: it cannot store anything.
    private static func unwritable(_ prepare: (SimulatedCard) throws -> Host) throws -> Host {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let host = try prepare(Cards.make(.eSE, file: CardFile(path: directory.appendingPathComponent("card.json").path)))
        try FileManager.default.removeItem(at: directory)
        return host
    }

    private static func issuer(_ command: CommandAPDU) throws -> StatusWord { try Cards.issuer(Cards.make()).status(command) }

    private static func domain(_ aid: AID = Cards.ssd, reserved: UInt32? = nil) throws -> CommandAPDU {
        try InstallCommand.install(InstallForInstall(
            securityDomain: aid, parameters: SecurityDomainParameters(secureChannels: []), system: SystemParameters(nonVolatileReserved: reserved))).apdu()
    }

    private static func ticket() throws -> CAPFile { try CAPFile(Applets.archive("ticket-1.0-jc304")) }

    private static func loading(_ host: Host) throws -> StatusWord {
        let cap = try ticket()
        #expect(try host.status(.load(InstallForLoad(loadFile: cap.packageAID))) == .success)
        return try host.load(LoadFileStructure(content: .plain(cap.loadFileDataBlock))).statusWord
    }

    private static func storing(_ data: [UInt8]) throws -> StatusWord { try issuer(StoreDataCommand(structure: .berTLV, data: data).apdu) }

    typealias Provocation = @Sendable () throws -> StatusWord

    static let provocations: [String: [UInt16: Provocation]] = [
        "any": [
            0x6400: {
                let random = FailingRandom()
                let card = try SimulatedCard.personalized(
                    profile: .eSERandom, isdKeys: Cards.isdKeys(), issuerIdentificationNumber: [1], cardImageNumber: [2], keyDiversificationData: Cards.kdd, random: random)
                random.fails.withLock { $0 = true }
                return try card.transmit(SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8])).statusWord
            },
            0x6700: { try Cards.make().transmit(SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: [1, 2, 3])).statusWord },
            0x6881: { try Cards.make().transmit(GetDataCommand.cardRecognitionData.apdu.withChannel(3)).statusWord },
            0x6982: { try Cards.make().transmit(domain()).statusWord },
            0x6985: { try issuer(DeleteCommand.object(Cards.isd).apdu) },
            0x6A86: { try issuer(CommandAPDU(cla: 0x80, ins: Instruction.install, p1: 0x06, p2: 0, data: [0x00])) },
            0x6D00: { try Cards.make().transmit(CommandAPDU(cla: 0x80, ins: 0x16, p1: 0, p2: 0)).statusWord },
            0x6E00: { try Cards.make().transmit(CommandAPDU(cla: 0xA0, ins: Instruction.getData, p1: 0, p2: 0x66)).statusWord },
        ],
        "DELETE": [
            0x6581: { try unwritable { let host = try Cards.issuer($0); #expect(try host.status(domain()) == .success); return host }.status(DeleteCommand.object(Cards.ssd).apdu) },
            0x6A80: { try issuer(CommandAPDU(cla: 0x80, ins: Instruction.delete, p1: 0, p2: 0, data: [0x4F, 0x02, 0x01, 0x02])) },
            0x6A82: { try issuer(DeleteCommand.object(.securityDomainModule).apdu) },
            0x6A88: { try issuer(DeleteCommand.object(Cards.ssd).apdu) },
            0x6985: {
                let host = try Cards.withDomain(Cards.make())
                let cap = try ticket()
                #expect(try host.load(cap) == .success)
                #expect(try host.install(cap, module: #require(cap.applets.first).aid, as: Cards.otherSSD) == .success)
                return try host.status(DeleteCommand.object(cap.packageAID).apdu)
            },
        ],
        "GET STATUS": [
            0x6310: {
                let host = try Cards.issuer(Cards.make())
                for number in 0..<6 { #expect(try host.status(domain(Cards.aid("f054534d53aa0" + "\(number)"))) == .success) }
                return try host.status(GetStatusCommand(scope: .applications).apdu)
            },
            0x6A80: { try issuer(CommandAPDU(cla: 0x80, ins: Instruction.getStatus, p1: 0x40, p2: 0x02, data: [0x5C, 0x00])) },
            0x6A88: { try issuer(GetStatusCommand(scope: .applications, aid: Cards.ssd).apdu) },
        ],
        "INSTALL": [
            0x6581: { try unwritable { try Cards.issuer($0) }.status(domain()) },
            0x6A80: { try issuer(domain(.accessRuleApplicationMaster)) },
            0x6A84: { try issuer(domain(reserved: 9_000_000)) },
            0x6A88: { try issuer(InstallCommand.makeSelectable(InstallForMakeSelectable(application: Cards.ssd)).apdu()) },
        ],
        "LOAD": [
            0x6581: { try loading(unwritable { try Cards.issuer($0) }) },
            0x6A84: {
                var profile = CardProfile.eSE
                profile.nonVolatileMemory = 2_000
                return try loading(Cards.withDomain(Cards.make(profile)))
            },
        ],
        "PUT KEY": [
            0x6A80: { try issuer(CommandAPDU(cla: 0x80, ins: Instruction.putKey, p1: 0, p2: 0x81, data: [0x31, 0x80, 0x00])) },
            0x6A84: {
                var profile = CardProfile.eSE
                profile.maximumKeySets = 1
                return try Cards.issuer(Cards.make(profile)).status(Cards.putKey(Cards.keys(0x33), version: 0x31, under: Cards.isdKeys()))
            },
            0x6A88: { try issuer(Cards.putKey(Cards.keys(0x33), version: 0x31, replacing: 0x35, under: Cards.isdKeys())) },
            0x6982: { try issuer(Cards.putKey(Cards.keys(0x33), version: 0x31, under: Cards.keys(0x99))) },
        ],
        "SET STATUS": [
            0x6A80: { try issuer(CommandAPDU(cla: 0x80, ins: Instruction.setStatus, p1: 0x40, p2: 0x80, data: [0x01, 0x02])) },
            0x6A88: { try issuer(SetStatusCommand.lock(Cards.ssd).apdu) },
        ],
        "STORE DATA": [
            0x6A80: { try storing([0x42, 0x05, 0x01]) },
            0x6A84: {
                let host = try Cards.issuer(Cards.make())
                var status = StatusWord.success
                for number in 0..<64 where status.isSuccess {
                    status = try host.status(StoreDataCommand(
                        blockNumber: UInt8(number), isLast: false, structure: .berTLV, data: [UInt8](repeating: 0x42, count: 200)).apdu)
                }
                return status
            },
            0x6A88: { try storing([0x99, 0x01, 0x01]) },
        ],
        "SELECT": [
            0x6283: {
                let host = try Cards.issuer(Cards.make())
                #expect(try host.status(SetStatusCommand.card(.cardLocked).apdu) == .success)
                return try host.select(Cards.isd).statusWord
            },
            0x6882: { try Cards.make().transmit(SelectCommand(aid: Cards.isd).apdu.withSecureMessaging(true)).statusWord },
            0x6A81: {
                let host = try Cards.issuer(Cards.make())
                #expect(try host.status(SetStatusCommand.card(.cardLocked).apdu) == .success)
                return try host.select(.accessRuleApplicationMaster).statusWord
            },
            0x6A82: { try Cards.make().transmit(SelectCommand(aid: Cards.ssd).apdu).statusWord },
            // Only an applet's own code refuses its selection; instances that execute no bytecode do not, so the answer is injected.
            0x6999: {
                let card = try Cards.make()
                card.inject(.at(0, .respond(.appletSelectFailed)))
                return try card.transmit(SelectCommand(aid: .accessRuleApplicationMaster).apdu).statusWord
            },
        ],
        "GET DATA": [0x6A88: { try Cards.make().transmit(GetDataCommand(tag: 0x0099).apdu).statusWord }],
        "EXTERNAL AUTHENTICATE": [
            0x6300: {
                let card = try Cards.make()
                _ = try card.transmit(SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8]))
                return try card.transmit(CommandAPDU(cla: 0x84, ins: 0x82, p1: 0x33, p2: 0, data: [UInt8](repeating: 0, count: 16))).statusWord
            }
        ],
    ]

    @Test("each is provoked, none is forgotten and none is there that the table does not have")
    func all() throws {
        for (command, words) in Self.table.sorted(by: { $0.key < $1.key }) {
            let provoked = Self.provocations[command] ?? [:]
            #expect(Set(provoked.keys) == Set(words), "\(command)")
            for word in words {
                guard let provoke = provoked[word] else { continue }
                #expect(try provoke() == StatusWord(rawValue: word), "\(command)")
            }
        }
        #expect(Set(Self.provocations.keys) == Set(Self.table.keys))
    }

    @Test("the table is the reference's", .enabled(if: ReferenceData.file("globalplatform.md") != nil))
    func reference() throws {
        let text = String(decoding: try #require(ReferenceData.file("globalplatform.md")), as: UTF8.self)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("**Status words**") })
        // "– any: 6400 … . DELETE 6581 … (6985 if …). …" up to the sentence that begins with Map.
        let list = try #require(line.split(separator: "Map ").first).dropFirst("**Status words** – ".count)
        var found: [String: Set<UInt16>] = [:]
        for sentence in list.split(separator: ".") {
            let words = sentence.split(whereSeparator: { " :()".contains($0) }).map(String.init)
            let name = words.prefix { $0.allSatisfy(\.isLetter) }.joined(separator: " ")
            guard !name.isEmpty else { continue }
            found[name] = Set(words.filter { $0.count == 4 }.compactMap { UInt16($0, radix: 16) })
        }
        #expect(found.count == 10)
        for (command, words) in found { #expect(Set(Self.table[command] ?? []) == words, "\(command)") }
    }
}
