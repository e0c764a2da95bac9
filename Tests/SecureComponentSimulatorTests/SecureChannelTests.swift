import Cryptography
import GlobalPlatform
import SecureComponentSimulator
import Testing

@Suite("Secure channel of the card")
struct SecureChannelTests {
    let anyRegistry = GetStatusCommand(scope: .issuerSecurityDomain).apdu

    @Test("every level from C-MAC on opens and works", arguments: [0x01, 0x03, 0x11, 0x13, 0x33] as [UInt8])
    func levels(_ level: UInt8) throws {
        let host = try Cards.issuer(Cards.make(), level: SecurityLevel(rawValue: level))
        #expect(try host.send(anyRegistry).statusWord == .success)
        #expect(try host.send(GetDataCommand.cardRecognitionData.apdu).statusWord == .success)
        #expect(try host.send(anyRegistry).statusWord == .success)
    }

    @Test("level 00 is refused")
    func noLevel() throws {
        let card = try Cards.make()
        let host = Host(card)
        try host.select(Cards.isd)
        #expect(try host.open(Cards.isdKeys(), version: 0x30, level: []) == .securityStatusNotSatisfied)
        #expect(try host.plain(anyRegistry).statusWord == .securityStatusNotSatisfied)
    }

    @Test("a command outside of a session is refused, whatever it is")
    func withoutSession() throws {
        let card = try Cards.make()
        let host = Host(card)
        try host.select(Cards.isd)
        let before = card.image
        for ins in [Instruction.getStatus, Instruction.setStatus, Instruction.install, Instruction.load, Instruction.delete, Instruction.putKey, Instruction.storeData] {
            for cla: UInt8 in [0x80, 0x84] {
                let command = CommandAPDU(cla: cla, ins: ins, p1: 0, p2: 0, data: [1, 2, 3, 4, 5, 6, 7, 8, 9])
                #expect(try host.plain(command).statusWord == .securityStatusNotSatisfied)
            }
        }
        #expect(card.image == before)
    }

    @Test("a wrong MAC ends the session and changes nothing")
    func wrongMAC() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        let before = card.image
        let parameters = SecurityDomainParameters(secureChannels: [])
        var command = try host.wrap(InstallCommand.install(InstallForInstall(securityDomain: Cards.ssd, parameters: parameters)).apdu())
        command.data[command.data.count - 1] ^= 1
        #expect(try card.transmit(command).statusWord == .securityStatusNotSatisfied)
        #expect(try card.transmit(host.wrap(anyRegistry)).statusWord == .securityStatusNotSatisfied)
        #expect(card.image == before)
    }

    @Test("an altered header, altered data, a repeated and a skipped command are refused")
    func alteredCommands() throws {
        for alteration in 0..<4 {
            let card = try Cards.make()
            let host = try Cards.issuer(card)
            var command = try host.wrap(anyRegistry)
            switch alteration {
            case 0: command.p2 = 0x03
            case 1: command.data[0] ^= 0x80
            case 2: #expect(try card.transmit(command).statusWord == .success)
            default: command = try host.wrap(anyRegistry)
            }
            #expect(try card.transmit(command).statusWord == .securityStatusNotSatisfied, "alteration \(alteration)")
        }
    }

    @Test("a plain command inside a session ends it, also one that needs no session otherwise")
    func plainInside() throws {
        let host = try Cards.issuer(Cards.make())
        #expect(try host.plain(GetDataCommand.cardImageNumber.apdu).statusWord == .securityStatusNotSatisfied)
        #expect(try host.plain(GetDataCommand.cardImageNumber.apdu).statusWord == .success)
        #expect(try host.card.transmit(host.wrap(anyRegistry)).statusWord == .securityStatusNotSatisfied)
    }

    @Test("an error of another kind leaves the session open")
    func errorInside() throws {
        let host = try Cards.issuer(Cards.make())
        #expect(try host.status(DeleteCommand.object(Cards.ssd).apdu) == .referencedDataNotFound)
        #expect(try host.status(anyRegistry) == .success)
    }

    @Test("a wrong host cryptogram: 6300, and no session")
    func wrongCryptogram() throws {
        let card = try Cards.make()
        let host = Host(card)
        try host.select(Cards.isd)
        let challenge: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        let response = try InitializeUpdateResponse(try host.plain(SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: challenge)))
        var session = try SCP03HostSession(staticKeys: Cards.isdKeys(), level: .full, hostChallenge: challenge, response: response)
        var command = try session.externalAuthenticate()
        command.data[0] ^= 1
        #expect(try host.plain(command).statusWord == .authenticationFailed)
        #expect(try host.plain(session.wrap(anyRegistry)).statusWord == .securityStatusNotSatisfied)
    }

    @Test("EXTERNAL AUTHENTICATE without INITIALIZE UPDATE, and INITIALIZE UPDATE with wrong parameters")
    func wrongOrder() throws {
        let host = Host(try Cards.make())
        try host.select(Cards.isd)
        let challenge: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        #expect(try host.plain(CommandAPDU(cla: 0x84, ins: 0x82, p1: 0x33, p2: 0, data: [UInt8](repeating: 0, count: 16))).statusWord == .securityStatusNotSatisfied)
        #expect(try host.plain(SCP03HostSession.initializeUpdate(kvn: 0x31, hostChallenge: challenge)).statusWord == .referencedDataNotFound)
        #expect(try host.plain(SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: [1, 2, 3])).statusWord == .wrongLength)
        #expect(try host.plain(CommandAPDU(cla: 0x80, ins: 0x50, p1: 0x30, p2: 1, data: challenge, expectedLength: 256)).statusWord == .incorrectP1P2)
        #expect(try host.plain(CommandAPDU(cla: 0x00, ins: 0x50, p1: 0x30, p2: 0, data: challenge, expectedLength: 256)).statusWord == .classNotSupported)
    }

    @Test("the counter advances with every INITIALIZE UPDATE, abandoned or not, and is readable")
    func counter() throws {
        let card = try Cards.make()
        let host = Host(card)
        try host.select(Cards.isd)
        for expected in 1...3 as ClosedRange<UInt32> {
            let response = try host.plain(SCP03HostSession.initializeUpdate(kvn: 0, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8]))
            #expect(try InitializeUpdateResponse(response).sequenceCounter?.value == expected)
            card.reset()
            #expect(try CardIdentity.sequenceCounter(from: try host.plain(GetDataCommand.sequenceCounter.apdu).data) == expected)
        }
    }

    @Test("a pseudo-random challenge can be predicted: a whole session before the card has answered")
    func predicted() throws {
        let card = try Cards.make()
        var session = try SCP03HostSession(
            predicting: Cards.isdKeys(), level: .full, parameter: SCP03Parameter(rawValue: 0x70), keyVersionNumber: 0x30,
            hostChallenge: [8, 7, 6, 5, 4, 3, 2, 1], sequenceCounter: try #require(SequenceCounter(1)), securityDomain: Cards.isd)
        let commands = [
            SelectCommand(aid: Cards.isd).apdu, SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: session.hostChallenge),
            try session.externalAuthenticate(), try session.wrap(anyRegistry),
        ]
        for command in commands { #expect(try card.transmit(command).statusWord == .success) }
    }

    @Test("a random challenge differs each time and comes without a counter")
    func random() throws {
        let host = Host(try Cards.make(.eSERandom))
        try host.select(Cards.isd)
        let update = SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8])
        let first = try InitializeUpdateResponse(try host.plain(update))
        let second = try InitializeUpdateResponse(try host.plain(update))
        #expect(first.cardChallenge != second.cardChallenge)
        #expect(first.sequenceCounter == nil)
        #expect(first.parameter.rawValue == 0x60)
        #expect(try host.open(Cards.isdKeys(), version: 0x30) == .success)
    }

    @Test("a key set blocks after too many wrong cryptograms, and a right one resets the count")
    func blocking() throws {
        var profile = CardProfile.eSE
        profile.maximumFailedAuthentications = 2
        let card = try Cards.make(profile)
        let host = Host(card)
        try host.select(Cards.isd)
        func fail() throws -> StatusWord {
            let response = try host.plain(SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8]))
            guard response.statusWord.isSuccess else { return response.statusWord }
            return try host.plain(CommandAPDU(cla: 0x84, ins: 0x82, p1: 0x33, p2: 0, data: [UInt8](repeating: 0, count: 16))).statusWord
        }
        #expect(try fail() == .authenticationFailed)
        #expect(try host.open(Cards.isdKeys(), version: 0x30) == .success)
        #expect(try fail() == .authenticationFailed)
        #expect(try fail() == .authenticationFailed)
        #expect(try fail() == .authenticationMethodBlocked)
        #expect(try host.open(Cards.isdKeys(), version: 0x30) == .authenticationMethodBlocked)
    }

    @Test("two channels have two sessions, and the channel number is no part of the MAC")
    func channels() throws {
        let card = try Cards.make()
        let first = try Cards.issuer(card)
        let number = try ManageChannelCommand.channel(from: try first.plain(ManageChannelCommand.open.apdu).data)
        let second = Host(card, channel: number)
        try second.select(Cards.isd)
        #expect(try second.open(Cards.isdKeys(), version: 0x30) == .success)
        for _ in 0..<3 {
            #expect(try first.status(anyRegistry) == .success)
            #expect(try second.status(anyRegistry) == .success)
        }
        #expect(try first.plain(ManageChannelCommand.close(UInt8(number)).apdu).statusWord == .success)
        #expect(try card.transmit(second.wrap(anyRegistry)).statusWord == .logicalChannelNotSupported)
        #expect(try first.status(anyRegistry) == .success)
    }
}
