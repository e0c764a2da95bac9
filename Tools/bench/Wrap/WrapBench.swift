import ArgumentParser
import Cryptography
import GlobalPlatform

struct WrapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "wrap", abstract: "SCP03 wrap of a 27 kB load against libcrypto alone.")

    @OptionGroup var options: BenchOptions

    func run() async throws {
        let command = self
        try await options.perform { _ in [try WrapBench(runs: command.options.runs).run()] }
    }
}

/// All LOAD commands of a 27 000-byte load file at level 33 under AES-128, and libcrypto's AES-CBC and CMAC over what goes into them.
struct WrapBench: Sendable {
    static let loadFileLength = 27_000
    /// Of one run.
    static let repetitions = 400

    let runs: Int

    func run() throws -> Report {
        let random = SystemRandom()
        let loadFile = try random.bytes(Self.loadFileLength)
        let session = try Self.session(random)
        let commands = try LoadCommand.split(loadFile: loadFile, maximumPayload: session.maximumPayload).map(\.apdu)
        let peer = try LibcryptoPeer(key: random.bytes(16), blocks: commands.map(\.data))
        var (ours, blockwise, bulk): ([Double], [Double], [Double]) = ([], [], [])
        var check = 0
        for run in 0...runs {
            let wrapped = try Self.time {
                var session = session
                for command in commands { check &+= try session.wrap(command).data.count }
            }
            let blocks = try Self.time { try peer.blockByBlock() }
            let whole = try Self.time { try peer.inOnePiece() }
            guard run > 0 else { continue }
            ours.append(wrapped)
            blockwise.append(blocks)
            bulk.append(whole)
        }
        // All of it really was done: padded data and MAC of each command.
        let expected = commands.reduce(0) { $0 + $1.data.count / 16 * 16 + 16 + 8 } * Self.repetitions * (runs + 1)
        guard check == expected else { throw BenchFailure("\(check) bytes were wrapped instead of \(expected)") }
        var table = Table("what", "a load (median)", "lowest – highest", "SCP03 wrap reaches")
        for (name, values) in [("SCP03 wrap, \(commands.count) LOAD commands", ours), ("libcrypto, AES-CBC and CMAC of each command", blockwise), ("libcrypto, one AES-CBC and one CMAC over all", bulk)] {
            let times = Runs(values)
            table.add(name, "\(times.median.formatted(1)) µs", "\(times.lowest.formatted(1)) – \(times.highest.formatted(1)) µs", "\((times.median / Runs(ours).median).formatted(2)) ×")
        }
        return Report(
            title: "SCP03 wrap of a 27 kB load",
            method: "\(Self.loadFileLength) bytes, security level 33, AES-128, 8-byte MACs; \(Self.repetitions) loads a run, \(runs) runs of each in turn after one that does not count; one thread, one process.",
            tables: [table],
            floors: [Floor(what: "SCP03 wrap, speed against libcrypto in one piece", bound: .atLeast(0.5), value: Runs(bulk).median / Runs(ours).median, decimals: 2, unit: "×")])
    }

    /// Microseconds for one repetition.
    private static func time(_ work: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        for _ in 0..<repetitions { try work() }
        return start.duration(to: .now).seconds / Double(repetitions) * 1e6
    }

    private static func session(_ random: SystemRandom) throws -> SCP03HostSession {
        guard let counter = SequenceCounter(UInt32(1)) else { throw BenchFailure("1 is no sequence counter") }
        var session = try SCP03HostSession(
            predicting: SCP03StaticKeys.random(keyLength: 16, using: random), level: .full, parameter: SCP03Parameter(rawValue: 0x70), keyVersionNumber: 0x30,
            hostChallenge: random.bytes(8), sequenceCounter: counter, securityDomain: .issuerSecurityDomain)
        _ = try session.externalAuthenticate()
        return session
    }
}
