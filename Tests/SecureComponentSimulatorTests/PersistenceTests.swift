import Foundation
import GlobalPlatform
import SecureComponentSimulator
import TestMaterial
import Testing

@Suite("A card in a file")
struct PersistenceTests {
    /// Removed with its content at the end of the test.
    final class Directory {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("card-\(UUID().uuidString)")
        init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(at: url) }
        func file(_ name: String = "card.json", synchronizes: Bool = false) -> CardFile {
            CardFile(path: url.appendingPathComponent(name).path, synchronizes: synchronizes)
        }
    }

    @Test("what is stored is what is read, readable by its owner alone", arguments: [false, true])
    func roundTrip(_ synchronizes: Bool) throws {
        let directory = try Directory()
        let file = directory.file(synchronizes: synchronizes)
        #expect(!file.exists)
        let card = try Cards.make(.eSE, file: file)
        #expect(file.exists)
        _ = try Cards.withDomain(card)
        let again = try SimulatedCard(opening: file)
        #expect(again.image == card.image)
        #expect(again.profile == card.profile)
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path) == ["card.json"])
    }

    @Test("power cut before and after every command of a deployment: the file holds the state before it or after it, and the rest can be done",
          arguments: [FaultPlan.Fault.powerCutBefore, .powerCutAfter, .dropResponse])
    func everyCommand(_ fault: FaultPlan.Fault) throws {
        // The undisturbed run: the image after every command.
        var images: [CardImage] = []
        let undisturbed = try Cards.make()
        try Deployment.run(on: undisturbed) { images.append(undisturbed.image) }
        #expect(images.count > 20)
        for index in images.indices {
            let directory = try Directory()
            let file = directory.file()
            let card = try Cards.make(.eSE, file: file)
            let start = card.image
            card.inject(.at(index, fault))
            #expect(throws: (any Error).self, "command \(index)") { try Deployment.run(on: card) {} }
            let reopened = try SimulatedCard(opening: file)
            let before = index == 0 ? start : images[index - 1]
            let expected = fault == .powerCutBefore ? before : images[index]
            #expect(reopened.image == expected, "command \(index)")
            #expect(reopened.image == card.image, "command \(index)")
            // The card is usable: its issuer removes what is there.
            let host = try Cards.issuer(reopened)
            let status = try host.status(DeleteCommand.object(Cards.ssd, related: true).apdu)
            let wasThere = expected.registry.contains { $0.aid == Cards.ssd }
            #expect(status == (wasThere ? .success : .referencedDataNotFound), "command \(index)")
            #expect(reopened.image.registry == start.registry)
            #expect(reopened.image.freeMemory(for: Cards.isd) == start.freeMemory(for: Cards.isd))
        }
    }

    @Test("a change that cannot be stored did not happen: 6581")
    func unwritable() throws {
        let directory = try Directory()
        let file = directory.file()
        let card = try Cards.make(.eSE, file: file)
        try FileManager.default.removeItem(at: directory.url)
        let before = card.image
        let update = SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(try card.transmit(update).statusWord == .memoryFailure)
        #expect(card.image == before)
        #expect(try card.transmit(GetDataCommand.cardImageNumber.apdu).statusWord == .success)
    }

    @Test("files that are none")
    func invalid() throws {
        let directory = try Directory()
        let file = directory.file()
        func code() -> SimulatorError.Code? {
            do {
                _ = try SimulatedCard(opening: file)
                return nil
            } catch { return error.code }
        }
        #expect(code() == .fileUnreadable)
        for text in ["", "{}", "[1", "{\"format\":1}"] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: file.path))
            #expect(code() == .fileInvalid)
        }
        let card = try Cards.make(.eSE, file: file)
        let text = try String(contentsOfFile: file.path, encoding: .utf8)
        for (old, new) in [("\"format\":1", "\"format\":2"), ("\"lifeCycleState\":15", "\"lifeCycleState\":2"), ("\"keyLength\":16", "\"keyLength\":17")] {
            #expect(text.contains(old))
            try Data(text.replacingOccurrences(of: old, with: new).utf8).write(to: URL(fileURLWithPath: file.path))
            #expect(code() == .fileInvalid, "\(new)")
        }
        #expect(card.commandCount == 0)
    }

    @Test("a profile comes from a file as it went in; an impossible one is refused")
    func profiles() throws {
        let directory = try Directory()
        let path = directory.url.appendingPathComponent("profile.json").path
        for profile in CardProfile.builtIn {
            try JSONEncoder().encode(profile).write(to: URL(fileURLWithPath: path))
            #expect(try CardProfile(contentsOf: path) == profile)
            #expect(CardProfile.builtIn(named: profile.name) == profile)
            #expect(profile.description.contains("bytecode is not executed"))
        }
        var wrong = CardProfile.eSE
        wrong.logicalChannels = 21
        try JSONEncoder().encode(wrong).write(to: URL(fileURLWithPath: path))
        #expect(throws: SimulatorError.self) { try CardProfile(contentsOf: path) }
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

/// A whole deployment, command by command; throws at the first that does not succeed.
enum Deployment {
    struct Refused: Error { let status: StatusWord }

    static let instance = Cards.aid("f054534d5301010101")

    /// - Parameter after: called after every command that the card answered.
    static func run(on card: SimulatedCard, after: () throws -> Void) throws {
        let ticket = try CAPFile(Applets.archive("ticket-1.0-jc304"))
        func expect(_ response: ResponseAPDU) throws {
            guard response.statusWord.isSuccess else { throw Refused(status: response.statusWord) }
            try after()
        }
        /// SELECT, INITIALIZE UPDATE, EXTERNAL AUTHENTICATE, each counted.
        func open(_ aid: AID, _ keys: SCP03StaticKeys, _ version: UInt8) throws -> SCP03HostSession {
            try expect(card.transmit(SelectCommand(aid: aid).apdu))
            let challenge: [UInt8] = [version, 2, 3, 4, 5, 6, 7, 8]
            let response = try card.transmit(SCP03HostSession.initializeUpdate(kvn: version, hostChallenge: challenge))
            try expect(response)
            var session = try SCP03HostSession(staticKeys: keys, level: .full, hostChallenge: challenge, response: InitializeUpdateResponse(response))
            try expect(card.transmit(session.externalAuthenticate()))
            return session
        }
        func send(_ session: inout SCP03HostSession, _ commands: [CommandAPDU]) throws {
            for command in commands { try expect(session.unwrap(try card.transmit(session.wrap(command)))) }
        }
        let parameters = SecurityDomainParameters(secureChannels: [SecureChannelProtocol(identifier: 0x03, option: 0x70)])
        var issuer = try open(Cards.isd, Cards.isdKeys(), 0x30)
        try send(&issuer, [
            InstallCommand.install(InstallForInstall(securityDomain: Cards.ssd, parameters: parameters)).apdu(),
            InstallCommand.personalization(Cards.ssd).apdu(),
        ] + Cards.firstKeys(Cards.keys(0x22), version: 0x30, under: Cards.isdKeys()).commands(maximumPayload: 100).map(\.apdu))
        var first = try open(Cards.ssd, Cards.keys(0x22), 0x30)
        try send(&first, [Cards.putKey(Cards.keys(0x44), version: 0x31, replacing: 0x30, under: Cards.keys(0x22))])
        var provider = try open(Cards.ssd, Cards.keys(0x44), 0x31)
        let payload = provider.maximumPayload
        try send(&provider, [InstallCommand.load(InstallForLoad(loadFile: ticket.packageAID, loadFileDataBlockHash: ticket.loadFileDataBlockHash)).apdu()])
        try send(&provider, ticket.loadFile.commands(maximumPayload: payload).map(\.apdu))
        try send(&provider, [
            InstallCommand.install(InstallForInstall(
                loadFile: ticket.packageAID, module: ticket.applets[0].aid, application: instance, makeSelectable: false)).apdu(),
            InstallCommand.personalization(instance).apdu(),
            StoreDataCommand(structure: .unspecified, data: [0xC0, 0x03, 0x41, 0x64, 0x61]).apdu,
            InstallCommand.makeSelectable(InstallForMakeSelectable(application: instance)).apdu(),
            GetStatusCommand(scope: .applications, aid: instance).apdu,
        ])
    }
}
