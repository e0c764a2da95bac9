import Cryptography
import GlobalPlatform
import SecureComponent
import SecureComponentSimulator
import Testing

@Suite("SCP03 in all its forms")
struct SecureChannelMatrixTests {
    let anyRegistry = GetStatusCommand(scope: .issuerSecurityDomain).apdu

    private static func profile(_ option: UInt8, length: Int = 16) -> CardProfile {
        var profile = CardProfile.eSE
        profile.scp03Options = [option]
        profile.keyLength = length
        profile.furtherKeyLengths = [16, 24, 32]
        return profile
    }

    /// Random and pseudo-random, with and without R-MAC and R-ENC, S8 and S16.
    static let options: [UInt8] = [0x00, 0x10, 0x20, 0x30, 0x60, 0x70, 0x01, 0x11, 0x21, 0x31, 0x61, 0x71]

    @Test("each option, key length and level: what the option offers works, what it does not offer is refused", arguments: options)
    func everything(_ option: UInt8) throws {
        let parameter = SCP03Parameter(rawValue: option)
        for length in [16, 24, 32] {
            for level in [0x01, 0x03, 0x11, 0x13, 0x33].map(SecurityLevel.init(rawValue:)) {
                let profile = Self.profile(option, length: length)
                let card = try Cards.make(profile)
                let host = Host(card)
                try host.select(Cards.isd)
                guard level.isOffered(by: parameter) else {
                    let update = SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: [UInt8](repeating: 5, count: parameter.challengeLength))
                    #expect(try host.plain(update).statusWord == .success)
                    let authenticate = CommandAPDU(cla: 0x84, ins: 0x82, p1: level.rawValue, p2: 0, data: [UInt8](repeating: 0, count: parameter.challengeLength + parameter.macLength))
                    #expect(try host.plain(authenticate).statusWord == .incorrectP1P2, "\(parameter) \(level)")
                    continue
                }
                #expect(try host.open(Cards.isdKeys(profile), version: 0x30, level: level) == .success, "\(parameter) \(length) \(level)")
                // Data both ways, data one way, none.
                #expect(try host.send(anyRegistry).statusWord == .success)
                #expect(try host.status(DeleteCommand.object(Cards.ssd).apdu) == .referencedDataNotFound)
                #expect(try Cards.createDomain(host) == .success)
                #expect(try Cards.storeFirstKeys(host, Cards.keys(0x22, length: length)) == .success)
                #expect(try host.registry(.applications, prefix: Cards.ssd.bytes).count == 1)
                let ssd = Host(card)
                try ssd.select(Cards.ssd)
                #expect(try ssd.open(Cards.keys(0x22, length: length), version: 0x30, level: level) == .success, "\(parameter) \(length) \(level)")
            }
        }
    }

    @Test("keys of every length live in one card, each version with its own; a domain's option may be another than the issuer's")
    func oneCard() throws {
        let card = try Cards.make(.eUICC)
        var host = try Cards.issuer(card)
        let sets: [(version: UInt8, length: Int)] = [(0x31, 16), (0x32, 24), (0x33, 32)]
        for (version, length) in sets { #expect(try host.status(Cards.putKey(Cards.keys(version, length: length), version: version, under: Cards.isdKeys(card.profile))) == .success) }
        for (version, length) in sets {
            host = Host(card)
            try host.select(Cards.isd)
            #expect(try host.open(Cards.keys(version, length: length), version: version, level: .full) == .success)
            #expect(try host.send(anyRegistry).statusWord == .success)
            // Its DEK, of its length, brings a key of another length; a replacement has the length of what it replaces.
            let other = length == 32 ? 16 : 32
            #expect(try host.status(Cards.putKey(Cards.keys(0x50, length: other), version: 0x34, under: Cards.keys(version, length: length))) == .success)
            #expect(try host.status(Cards.putKey(Cards.keys(0x51, length: length == 24 ? 16 : 24), version: 0x34, replacing: 0x34, under: Cards.keys(version, length: length))) == .incorrectData)
            #expect(try host.status(DeleteCommand.key(identifier: nil, version: 0x34).apdu) == .success)
        }
        let information = try KeyInformation(parsing: try host.send(GetDataCommand.keyInformation.apdu).data)
        #expect(Set(information.keys.filter { $0.version > 0x30 }.flatMap { $0.components.map(\.length) }) == [16, 24, 32])
        // S8 for a supplementary domain, where the issuer's is S16.
        let parameters = SecurityDomainParameters(secureChannels: [SecureChannelProtocol(identifier: 0x03, option: 0x70)])
        #expect(try host.status(.install(InstallForInstall(securityDomain: Cards.ssd, parameters: parameters))) == .success)
        let plain = Host(card)
        try plain.select(Cards.ssd)
        let answer = try InitializeUpdateResponse(plain.plain(SCP03HostSession.initializeUpdate(kvn: 0, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8])))
        #expect(answer.parameter.rawValue == 0x70)
        #expect(answer.cardChallenge.count == 8)
    }

    @Test("an attempt to authenticate counts before it is judged: loss of power at its storing gives none back, a malformed one costs none")
    func attempts() throws {
        for point in [WriteCut.Point.before, .complete, .after] {
            for write in 0..<2 {
                var profile = CardProfile.eSE
                profile.maximumFailedAuthentications = 3
                let card = try Cards.make(profile)
                let host = Host(card)
                func attempt(_ cut: Bool, _ data: [UInt8], level: UInt8 = 0x33) throws -> StatusWord? {
                    try host.select(Cards.isd)
                    let update = try host.plain(SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8]))
                    guard update.statusWord.isSuccess else { return update.statusWord }
                    if cut { card.inject(.at(0, .powerCutWhileStoring(WriteCut(write: write, point)))) }
                    defer { card.inject(FaultPlan()) }
                    return try? host.plain(CommandAPDU(cla: 0x84, ins: 0x82, p1: level, p2: 0, data: data)).statusWord
                }
                // What an attacker learns is told only after the attempt is on the card.
                var told = 0
                for _ in 0..<12 where try attempt(true, [UInt8](repeating: 7, count: 16)) == .authenticationFailed { told += 1 }
                #expect(told <= 3, "\(point) \(write)")
                if point == .before, write == 0 { #expect(told == 0) }
                let fresh = try Cards.make(profile)
                let other = Host(fresh)
                for _ in 0..<5 {
                    try other.select(Cards.isd)
                    _ = try other.plain(SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8]))
                    #expect(try other.plain(CommandAPDU(cla: 0x84, ins: 0x82, p1: 0x33, p2: 0, data: [1, 2, 3])).statusWord == .wrongLength)
                }
                try other.select(Cards.isd)
                #expect(try other.open(Cards.isdKeys(profile), version: 0x30) == .success)
            }
        }
    }

    @Test("a blocked key set stays blocked after a reset, others of the domain do not block, and a new set begins anew")
    func blocked() throws {
        var profile = CardProfile.eSE
        profile.maximumFailedAuthentications = 2
        let card = try Cards.make(profile)
        let issuer = try Cards.issuer(card)
        #expect(try issuer.status(Cards.putKey(Cards.keys(0x44), version: 0x31, under: Cards.isdKeys(profile))) == .success)
        let host = Host(card)
        try host.select(Cards.isd)
        for _ in 0..<2 {
            _ = try host.plain(SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8]))
            #expect(try host.plain(CommandAPDU(cla: 0x84, ins: 0x82, p1: 0x33, p2: 0, data: [UInt8](repeating: 0, count: 16))).statusWord == .authenticationFailed)
        }
        card.reset()
        #expect(try host.open(Cards.isdKeys(profile), version: 0x30) == .authenticationMethodBlocked)
        #expect(try host.open(Cards.keys(0x44), version: 0x31) == .success)
        #expect(try host.status(Cards.putKey(Cards.keys(0x55), version: 0x30, replacing: 0x30, under: Cards.keys(0x44))) == .success)
        #expect(try host.open(Cards.keys(0x55), version: 0x30) == .success)
    }
}
