import Cryptography
import GlobalPlatform

/// Commands to a card by whatever way: the simulator in process, or the same card behind a reader, so that the two can be compared.
struct CardTraffic {
    let transmit: (CommandAPDU) throws -> ResponseAPDU

    init(_ transmit: @escaping (CommandAPDU) throws -> ResponseAPDU) {
        self.transmit = transmit
    }

    /// The same plain command over and over.
    func perSecond(_ command: CommandAPDU, _ count: Int) throws -> Double {
        let start = ContinuousClock.now
        for _ in 0..<count {
            let response = try transmit(command)
            guard response.statusWord.isSuccess else { throw BenchFailure("the card answered \(response.statusWord) to \(Instruction.name(command.ins))") }
        }
        return Double(count) / start.duration(to: .now).seconds
    }

    /// GET STATUS of the Issuer Security Domain over and over in a session that is open, each response verified.
    func securedPerSecond(_ session: SCP03HostSession, _ count: Int) throws -> Double {
        var session = session
        let start = ContinuousClock.now
        for _ in 0..<count { try send(GetStatusCommand(scope: .issuerSecurityDomain).apdu, &session) }
        return Double(count) / start.duration(to: .now).seconds
    }

    /// A session with a security domain at level 33, under its keys of version 30.
    func open(_ domain: AID, _ keys: SCP03StaticKeys) throws -> SCP03HostSession {
        _ = try transmit(SelectCommand(aid: domain).apdu)
        let challenge = try SystemRandom().bytes(8)
        let response = try InitializeUpdateResponse(transmit(SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: challenge)))
        var session = try SCP03HostSession(staticKeys: keys, level: .full, keyVersionNumber: 0x30, hostChallenge: challenge, response: response)
        let status = try transmit(session.externalAuthenticate()).statusWord
        guard status.isSuccess else { throw BenchFailure("the card answered \(status) to EXTERNAL AUTHENTICATE") }
        return session
    }

    func send(_ command: CommandAPDU, _ session: inout SCP03HostSession) throws {
        let response = try session.unwrap(try transmit(session.wrap(command)))
        guard response.statusWord.isSuccess else { throw BenchFailure("the card answered \(response.statusWord) to \(Instruction.name(command.ins))") }
    }
}
