import ArgumentParser
import Cryptography
import Foundation
import GlobalPlatform
import SecureComponent
import SecureComponentSimulator

struct VPCDCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vpcd", abstract: "Commands per second to a simulated card: called, behind vpcd's protocol, and in a PC/SC reader.")

    @OptionGroup var options: BenchOptions
    @Option(help: ArgumentHelp("A PC/SC reader with a card in it; without one this part is left out.", valueName: "reader")) var reader: String?

    func run() async throws {
        let command = self
        try await options.perform { _ in [try await ReaderBench(runs: command.options.runs, reader: command.reader).run()] }
    }
}

/// GET DATA of the CPLC, one after the other: 5 bytes there, 47 back.
struct ReaderBench: Sendable {
    /// Of one run.
    static let commands = 5000

    let runs: Int
    /// nil: without PC/SC.
    let reader: String?

    func run() async throws -> Report {
        let card = try Self.card()
        var table = Table("way to the card", "commands/s (median)", "lowest – highest", "each")
        func add(_ name: String, _ rates: Runs) {
            table.add(name, rates.median.formatted(0), "\(rates.lowest.formatted(0)) – \(rates.highest.formatted(0))", "\((1e6 / rates.median).formatted(1)) µs")
        }
        add("called in process", Runs(try (0..<runs).map { _ in try Self.rate { try card.transmit($0) } }))
        add("vpcd's protocol over loopback", Runs(try await Self.attached(card, runs: runs)))
        if let reader { add("PC/SC reader \(reader)", Runs(try await Self.inReader(reader, runs: runs))) }
        return Report(title: "Commands to a simulated card", method: "GET DATA 9F7F, \(Self.commands) a run, \(runs) runs; one at a time, the next when the answer is there.", tables: [table])
    }

    private static func card() throws -> SimulatedCard {
        let random = SystemRandom()
        return try SimulatedCard.personalized(
            profile: .eSE, isdKeys: SCP03StaticKeys.random(keyLength: CardProfile.eSE.keyLength, using: random), issuerIdentificationNumber: [1], cardImageNumber: [1],
            keyDiversificationData: random.bytes(10))
    }

    /// Commands per second through vpcd's protocol, without pcscd: what attaching a card costs.
    static func attached(_ card: any AttachableCard, runs: Int) async throws -> [Double] {
        let socket = try VirtualReaderSocket()
        let attachment = try VPCDAttachment(card, port: socket.port)
        try socket.takeCard()
        async let end = attachment.run()
        var rates: [Double] = []
        do { for _ in 0..<runs { rates.append(try rate { try socket.exchange($0) }) } } catch {
            attachment.detach()
            _ = try await end
            throw error
        }
        attachment.detach()
        _ = try await end
        return rates
    }

    private static func inReader(_ name: String, runs: Int) async throws -> [Double] {
        let connection = try await PCSCConnector(reader: name, options: PCSCOptions(sharing: .exclusive)).connect()
        var rates: [Double] = []
        for _ in 0..<runs {
            let start = ContinuousClock.now
            for _ in 0..<commands { try check(try await connection.transmit(command)) }
            rates.append(Double(commands) / start.duration(to: .now).seconds)
        }
        await connection.disconnect()
        return rates
    }

    private static let command = GetDataCommand.cardProductionLifeCycle.apdu.bytes

    private static func rate(_ exchange: ([UInt8]) throws -> [UInt8]) throws -> Double {
        let start = ContinuousClock.now
        for _ in 0..<commands { try check(try exchange(command)) }
        return Double(commands) / start.duration(to: .now).seconds
    }

    private static func check(_ answer: [UInt8]) throws {
        guard answer.count == 47, answer.suffix(2) == [0x90, 0x00] else { throw BenchFailure("the card answered \(Hex.encode(answer)) to GET DATA 9F7F") }
    }
}
