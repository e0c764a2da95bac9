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

    func send(_ command: CommandAPDU, _ session: inout SCP03HostSession) throws {
        let response = try session.unwrap(try transmit(session.wrap(command)))
        guard response.statusWord.isSuccess else { throw BenchFailure("the card answered \(response.statusWord) to \(Instruction.name(command.ins))") }
    }
}
