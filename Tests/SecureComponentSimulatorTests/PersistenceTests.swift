import Cryptography
import Foundation
import GlobalPlatform
import SecureComponent
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

    @Test("power cut at every write of a whole deployment and its deletion, before, in the middle of and after it: old or new, never a mixture")
    func everyWrite() throws {
        var images: [CardImage] = []
        let undisturbed = try Cards.make()
        let start = undisturbed.image
        try Deployment.run(on: undisturbed, deleting: true) { images.append(undisturbed.image) }
        #expect(images.last?.registry == start.registry)
        let points: [WriteCut.Point] = [.before, .during(bytes: 0), .during(bytes: 1), .during(bytes: 400), .during(bytes: .max), .complete, .after]
        var writes = 0
        for index in images.indices {
            let before = index == 0 ? start : images[index - 1]
            guard images[index] != before else { continue }
            writes += 1
            for point in points {
                let directory = try Directory()
                let file = directory.file()
                let card = try Cards.make(.eSE, file: file)
                card.inject(.at(index, .powerCutWhileStoring(WriteCut(point))))
                do {
                    try Deployment.run(on: card, deleting: true) {}
                    Issue.record("command \(index) was answered")
                } catch let error as SecureComponentError {
                    #expect(error.code == "component-lost", "command \(index)")
                }
                #expect(card.openChannels == 1)
                let reopened = try SimulatedCard(opening: file)
                #expect(reopened.image == (point == .after ? images[index] : before), "command \(index), \(point)")
                #expect(reopened.image == card.image, "command \(index), \(point)")
                #expect(reopened.image.inconsistency == nil, "command \(index), \(point)")
                // What a torn write left beside the file is in nobody's way.
                let host = try Cards.issuer(reopened)
                let status = try host.status(DeleteCommand.object(Cards.ssd, related: true).apdu)
                #expect(status == .success || status == .referencedDataNotFound)
                #expect(try SimulatedCard(opening: file).image.registry == start.registry)
                #expect(reopened.image.freeMemory(for: Cards.isd) == start.freeMemory(for: Cards.isd))
            }
        }
        // INITIALIZE UPDATE five times, and all that installs, loads, keys, personalises and deletes.
        #expect(writes >= 12)
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
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file.path)))
        func write(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: file.path)) }
        // Torn at any place, with a bit turned at any place, with something behind it.
        for length in stride(from: 0, to: whole.count, by: 97) {
            try write(Array(whole.prefix(length)))
            #expect(code() == .fileInvalid, "\(length) bytes")
            var altered = whole
            altered[length] ^= 0x01
            try write(altered)
            #expect(code() == .fileInvalid, "byte \(length)")
        }
        try write(whole + [0x20])
        #expect(code() == .fileInvalid)
        try write(whole)
        #expect(code() == nil)
        #expect(card.commandCount == 0)
    }

    @Test("a file that is whole and in contradiction with itself", arguments: [
        ("\"lifeCycleState\":15", "\"lifeCycleState\":2"), ("\"format\":2", "\"format\":3"), ("\"length\":16", "\"length\":17"), ("\"sequenceCounter\":0", "\"sequenceCounter\":16777216"),
        ("\"nonVolatile\":1200000", "\"nonVolatile\":100"), ("\"module\":\"a00000015153", "\"module\":\"a00000015163"), ("\"isPreinstalled\"", "\"isPreInstalled\""),
    ])
    func contradiction(_ old: String, _ new: String) throws {
        let directory = try Directory()
        let file = directory.file()
        _ = try Cards.make(.eSE, file: file)
        let text = try String(contentsOfFile: file.path, encoding: .utf8)
        let content = text.dropFirst("{\"checksum\":\"".count + 64 + 2).replacingOccurrences(of: old, with: new)
        #expect(text.contains(old), "\(old)")
        let checksum = Hex.encode(try HashFunction.sha256.digest(of: Array(content.utf8)))
        try Data("{\"checksum\":\"\(checksum)\",\(content)".utf8).write(to: URL(fileURLWithPath: file.path))
        do {
            _ = try SimulatedCard(opening: file)
            Issue.record("\(new) was accepted")
        } catch {
            #expect(error.code == .fileInvalid)
        }
    }
}

/// A whole deployment, command by command; throws at the first that does not succeed.
enum Deployment {
    struct Refused: Error { let status: StatusWord }

    static let instance = Cards.aid("f054534d5301010101")

    /// - Parameters:
    ///   - deleting: the issuer deletes the domain with all it holds in the end.
    ///   - after: called after every command that the card answered.
    static func run(on card: SimulatedCard, deleting: Bool = false, after: () throws -> Void) throws {
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
        guard deleting else { return }
        var last = try open(Cards.isd, Cards.isdKeys(), 0x30)
        try send(&last, [DeleteCommand.object(Cards.ssd, related: true).apdu])
    }
}
