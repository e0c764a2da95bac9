import Dispatch
import GlobalPlatform
import SecureComponent
import SecureComponentSimulator
import TestMaterial
import Testing

@Suite("A card attached over a socket")
struct AttachmentTests {
    private typealias Outcome = Result<VPCDAttachment.End, AttachmentError>

    private func outcome(_ attachment: VPCDAttachment) async -> Outcome {
        do throws(AttachmentError) { return .success(try await attachment.run()) } catch { return .failure(error) }
    }

    /// Attaches the card, lets the reader speak on a thread of its own, and waits for both.
    private func dialog(_ card: any AttachableCard, _ talk: @escaping @Sendable (ReaderSide, VPCDAttachment) throws -> Void) async throws -> Outcome {
        let reader = try ReaderSide()
        let attachment = try VPCDAttachment(card, port: reader.port)
        try reader.accept()
        async let end = outcome(attachment)
        // It blocks, which a task's thread must not.
        let talked: Result<Void, any Error> = await withCheckedContinuation { continuation in
            DispatchQueue(label: "reader").async { continuation.resume(returning: Result { try talk(reader, attachment) }) }
        }
        if case .failure = talked { attachment.detach() }
        let outcome = await end
        try talked.get()
        return outcome
    }

    private static let select = SelectCommand(aid: .issuerSecurityDomain).apdu.bytes

    private static func send(_ command: CommandAPDU, _ reader: ReaderSide) throws -> ResponseAPDU { try ResponseAPDU(bytes: reader.exchange(command.bytes)) }

    /// Opens SCP03 with the Issuer Security Domain.
    private static func session(_ keys: SCP03StaticKeys, _ reader: ReaderSide) throws -> SCP03HostSession {
        _ = try send(SelectCommand(aid: .issuerSecurityDomain).apdu, reader)
        let challenge: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        let answer = try InitializeUpdateResponse(send(SCP03HostSession.initializeUpdate(kvn: 0, hostChallenge: challenge), reader))
        var session = try SCP03HostSession(staticKeys: keys, level: .strongest(for: answer.parameter), hostChallenge: challenge, response: answer)
        #expect(try send(session.externalAuthenticate(), reader).statusWord == .success)
        return session
    }

    @Test("answer to reset, power, commands; the reader goes")
    func whole() async throws {
        let card = try Cards.make()
        let end = try await dialog(card) { reader, _ in
            #expect(try reader.exchange([4]) == card.atr)
            try reader.send([1])
            let answer = try ResponseAPDU(bytes: reader.exchange(Self.select))
            #expect(try SelectResponse(parsing: answer.data).aid == .issuerSecurityDomain)
            #expect(try reader.exchange(GetDataCommand.cardProductionLifeCycle.apdu.bytes).count == 47)
            reader.hangUp()
        }
        #expect(end == .success(.readerClosed))
        #expect(card.commandCount == 2)
    }

    @Test("frames that come together are answered in order, frames in pieces when they are whole")
    func segments() async throws {
        let card = ListedCard("01119000", "02229000", "03339000")
        let end = try await dialog(card) { reader, _ in
            func command(_ number: UInt8) -> [UInt8] { [0x80, number, 0, 0] }
            try reader.send(raw: ReaderSide.frame([1]) + ReaderSide.frame(command(1)) + ReaderSide.frame([4]) + ReaderSide.frame(command(2)) + [0x00])
            #expect(try Hex.encode(reader.receive()) == "01119000")
            #expect(try reader.receive() == card.atr)
            #expect(try Hex.encode(reader.receive()) == "02229000")
            for byte in ReaderSide.frame(command(3)).dropFirst() { try reader.send(raw: [byte]) }
            #expect(try Hex.encode(reader.receive()) == "03339000")
            reader.hangUp()
        }
        #expect(end == .success(.readerClosed))
        #expect(card.commands == ["80010000", "80020000", "80030000"])
    }

    @Test("the reader hangs up in the middle of a frame, after any number of its bytes", arguments: [1, 2, 3, 100])
    func truncated(_ count: Int) async throws {
        let card = ListedCard()
        let end = try await dialog(card) { reader, _ in
            // 65535 bytes are announced and never come.
            try reader.send(raw: Array(([0xFF, 0xFF] + [UInt8](repeating: 0x55, count: 98)).prefix(count)))
            reader.hangUp()
        }
        #expect(end == .failure(.truncatedFrame))
        #expect(card.commands.isEmpty)
    }

    @Test("nonsense makes the card hang up", arguments: [([0, 0], AttachmentError.emptyFrame), ([0, 1, 9], .unknownControl(9)), ([0, 2, 1, 2], .commandWithoutPower)])
    func nonsense(_ bytes: [UInt8], _ error: AttachmentError) async throws {
        let end = try await dialog(ListedCard()) { reader, _ in
            try reader.send(raw: bytes)
            #expect(reader.isHungUp())
        }
        #expect(end == .failure(error))
    }

    @Test("power off in the middle of a secure channel ends it; the next session begins anew")
    func powerOffInSession() async throws {
        let card = try Cards.make()
        let keys = try Cards.keys()
        let end = try await dialog(card) { reader, _ in
            func send(_ command: CommandAPDU) throws -> ResponseAPDU { try Self.send(command, reader) }
            func open() throws -> SCP03HostSession { try Self.session(keys, reader) }
            try reader.send([1])
            var session = try open()
            let status = GetStatusCommand(scope: .issuerSecurityDomain)
            #expect(try session.unwrap(send(session.wrap(status.apdu))).statusWord == .success)
            let stale = try session.wrap(status.apdu)
            try reader.send([0])
            try reader.send([1])
            #expect(try send(stale).statusWord.isError)
            var fresh = try open()
            #expect(try fresh.unwrap(send(fresh.wrap(status.apdu))).statusWord == .success)
            try reader.send([2])
            #expect(try send(fresh.wrap(status.apdu)).statusWord.isError)
            reader.hangUp()
        }
        #expect(end == .success(.readerClosed))
    }

    @Test("the reader hangs up in the middle of a load, between blocks and inside one: nothing of it is left, and the load works the next time", arguments: [0, 40])
    func hangUpWhileLoading(_ bytesOfNextBlock: Int) async throws {
        let card = try Cards.make()
        let keys = try Cards.keys()
        let cap = try CAPFile(Applets.archive("ticket-1.0-jc304"))
        let before = card.image.registry
        let install = try InstallCommand.load(InstallForLoad(loadFile: cap.packageAID, loadFileDataBlockHash: cap.loadFileDataBlockHash)).apdu()
        let broken = try await dialog(card) { reader, _ in
            try reader.send([1])
            var session = try Self.session(keys, reader)
            let blocks = try cap.loadFile.commands(maximumPayload: session.maximumPayload)
            #expect(try session.unwrap(Self.send(session.wrap(install), reader)).statusWord == .success)
            #expect(try session.unwrap(Self.send(session.wrap(blocks[0].apdu), reader)).statusWord == .success)
            try reader.send(raw: Array(ReaderSide.frame(session.wrap(blocks[1].apdu).bytes).prefix(bytesOfNextBlock)))
            reader.hangUp()
        }
        #expect(broken == (bytesOfNextBlock == 0 ? .success(.readerClosed) : .failure(.truncatedFrame)))
        #expect(card.image.registry == before)
        let whole = try await dialog(card) { reader, _ in
            try reader.send([1])
            var session = try Self.session(keys, reader)
            #expect(try session.unwrap(Self.send(session.wrap(install), reader)).statusWord == .success)
            for block in try cap.loadFile.commands(maximumPayload: session.maximumPayload) {
                #expect(try session.unwrap(Self.send(session.wrap(block.apdu), reader)).statusWord == .success)
            }
            reader.hangUp()
        }
        #expect(whole == .success(.readerClosed))
        #expect(card.image.registry.contains { $0.aid == cap.packageAID })
    }

    @Test("a card that loses power at a command vanishes, and what it stored is there when it comes back")
    func vanishes() async throws {
        let card = try Cards.make()
        card.inject(FaultPlan([0: .powerCutAfter]))
        let end = try await dialog(card) { reader, _ in
            try reader.send([1])
            try reader.send(Self.select)
            #expect(reader.isHungUp())
        }
        guard case .failure(.cardFailed(let error)) = end else { return #expect(Bool(false), "\(end)") }
        #expect(error.code == "component-lost")
        let again = try await dialog(card) { reader, _ in
            try reader.send([1])
            #expect(try reader.exchange(Self.select).suffix(2) == [0x90, 0x00])
            reader.hangUp()
        }
        #expect(again == .success(.readerClosed))
    }

    @Test("pulling the card ends its thread, by itself and by cancellation")
    func detached() async throws {
        let end = try await dialog(ListedCard()) { reader, attachment in
            let answer = try reader.exchange([4])
            #expect(answer.count == 4)
            attachment.detach()
            #expect(reader.isHungUp())
        }
        #expect(end == .success(.detached))
        let reader = try ReaderSide()
        let attachment = try VPCDAttachment(ListedCard(), port: reader.port)
        let task = Task { await outcome(attachment) }
        task.cancel()
        #expect(await task.value == .success(.detached))
    }

    @Test("nobody listens: a typed error that says what to start")
    func unreachable() throws {
        let port: UInt16
        do {
            let reader = try ReaderSide()
            port = reader.port
        }
        #expect { _ = try VPCDAttachment(ListedCard(), port: port) } throws: { ($0 as? AttachmentError)?.code == "reader-unreachable" && "\($0)".contains("pcscd") }
        #expect { _ = try VPCDAttachment(ListedCard(), host: "no-such-host.invalid", port: port) } throws: { ($0 as? AttachmentError)?.code == "reader-unreachable" }
    }
}
