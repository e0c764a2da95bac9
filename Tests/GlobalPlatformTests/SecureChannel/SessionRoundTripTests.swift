import Cryptography
import Foundation
import Testing

@testable import GlobalPlatform

/// Both ends against each other: every level, key size, challenge mode and MAC length.
@Suite struct SessionRoundTripTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let parameter: SCP03Parameter
        let level: SecurityLevel
        let keyLength: Int
        var testDescription: String { "i=\(parameter) level=\(level) AES-\(keyLength * 8)" }
    }

    static let cases: [Case] = [0x00, 0x10, 0x20, 0x30, 0x60, 0x70, 0x01, 0x11, 0x21, 0x31, 0x61, 0x71].flatMap { i in
        SecurityLevel.defined.flatMap { level in
            [16, 24, 32].map { Case(parameter: SCP03Parameter(rawValue: i), level: level, keyLength: $0) }
        }
    }.filter { $0.level.isOffered(by: $0.parameter) }

    static let securityDomain = AID.issuerSecurityDomain

    /// Both ends up to INITIALIZE UPDATE.
    static func open(_ example: Case, random: inout SeededBytes) throws -> (keys: SCP03StaticKeys, host: SCP03HostSession, card: SCP03CardSession) {
        let keys = try SCP03StaticKeys(
            enc: SecretBytes(copying: random.draw(example.keyLength)), mac: SecretBytes(copying: random.draw(example.keyLength)),
            dek: SecretBytes(copying: random.draw(example.keyLength)))
        let hostChallenge = random.draw(example.parameter.challengeLength)
        let card = try SCP03CardSession(
            staticKeys: keys, keyVersionNumber: 0x30, parameter: example.parameter, keyDiversificationData: random.draw(10),
            hostChallenge: hostChallenge, sequenceCounter: #require(SequenceCounter(UInt32.random(in: 1...0xFF_FFFF, using: &random))),
            securityDomain: securityDomain, random: random)
        let answer = try InitializeUpdateResponse(data: card.initializeUpdateResponse.data)
        #expect(answer == card.initializeUpdateResponse)
        let host = try SCP03HostSession(
            staticKeys: keys, level: example.level, keyVersionNumber: 0x30, hostChallenge: hostChallenge, response: answer)
        return (keys, host, card)
    }

    static func randomCommand(_ limit: Int, _ random: inout SeededBytes) -> CommandAPDU {
        CommandAPDU(
            cla: [0x80, 0x00, 0x81, 0x83, 0xC0, 0xC5].randomElement(using: &random) ?? 0x80, ins: 0xE2, p1: UInt8.random(in: 0...255, using: &random),
            p2: UInt8.random(in: 0...255, using: &random), data: random.draw([0, 1, 15, 16, 17, limit, Int.random(in: 0...limit, using: &random)].randomElement(using: &random) ?? 0),
            expectedLength: [nil, 256, 1].randomElement(using: &random) ?? nil)
    }

    static let statusWords: [UInt16] = [0x9000, 0x6310, 0x6283, 0x63C2, 0x6985, 0x6A88]

    @Test(arguments: cases) func commandsAndResponses(_ example: Case) throws {
        var random = SeededBytes(seed: UInt64(example.parameter.rawValue) << 16 | UInt64(example.level.rawValue) << 8 | UInt64(example.keyLength))
        var (keys, host, card) = try Self.open(example, random: &random)
        #expect(host.isCardVerified && card.level == nil)
        try card.externalAuthenticate(host.externalAuthenticate())
        #expect(card.level == example.level)
        var sent: [(ResponseAPDU, ResponseAPDU, SCP03HostSession.ResponseKey)] = []
        for _ in 0..<24 {
            let plain = Self.randomCommand(host.maximumPayload, &random)
            let wrapped = try host.wrap(plain)
            #expect(wrapped.data.count <= 255)
            #expect(wrapped.logicalChannel == plain.logicalChannel)
            #expect(try card.unwrap(CommandAPDU(bytes: wrapped.bytes)) == withLe(plain, at: card.level))
            let status = StatusWord(rawValue: Self.statusWords.randomElement(using: &random) ?? 0x9000)
            let isError = !status.isSuccess && !status.isWarning
            let data = random.draw(isError ? 0 : Int.random(in: 0...example.level.maximumResponsePayload(example.parameter), using: &random))
            let answer = ResponseAPDU(data: data, statusWord: status)
            let protected = try card.wrap(answer)
            #expect(protected.data.count <= 256)
            if isError { #expect(protected.data.isEmpty) }
            sent.append((answer, protected, try #require(host.pendingResponses.last)))
        }
        // The whole report at once: in order from what was stored, and each by its key.
        let stored = try JSONEncoder().encode(host.exportedState)
        let state = try JSONDecoder().decode(SCP03HostSession.State.self, from: stored)
        #expect(state == host.exportedState)
        var resumed = try SCP03HostSession(resuming: state, staticKeys: keys)
        for (plain, protected, key) in sent {
            #expect(try resumed.unwrap(protected) == plain)
            #expect(try host.unwrap(protected, for: key) == plain)
        }
        #expect(throws: SCP03Error.noCommandPending) { try resumed.unwrap(ResponseAPDU(statusWord: .success)) }
        // And on from there, at the same point as the card.
        let next = CommandAPDU(cla: 0x80, ins: 0xF2, p1: 0x40, p2: 2, data: [0x4F, 0], expectedLength: 256)
        #expect(try card.unwrap(resumed.wrap(next)) == next)
    }

    @Test(arguments: cases.filter { $0.parameter.hasPseudoRandomChallenge && $0.keyLength == 16 }) func predicted(_ example: Case) throws {
        var random = SeededBytes(seed: 77)
        let (keys, host, card) = try Self.open(example, random: &random)
        let counter = try #require(card.initializeUpdateResponse.sequenceCounter)
        var session = try SCP03HostSession(
            predicting: keys, level: example.level, parameter: example.parameter, keyVersionNumber: 0x30, hostChallenge: host.hostChallenge,
            sequenceCounter: counter, securityDomain: Self.securityDomain)
        #expect(session.cardChallenge == card.initializeUpdateResponse.cardChallenge)
        var answering = card
        try answering.externalAuthenticate(session.externalAuthenticate())
        let plain = CommandAPDU(cla: 0x80, ins: 0xF2, p1: 0x40, p2: 2, data: [0x4F, 0], expectedLength: 256)
        #expect(try answering.unwrap(session.wrap(plain)) == plain)
        #expect(!session.isCardVerified)
        try session.verify(card.initializeUpdateResponse)
        #expect(session.isCardVerified)
    }

    /// Whatever channel carries a wrapped command, the card accepts it.
    @Test func surviveEveryLogicalChannel() throws {
        var random = SeededBytes(seed: 5)
        var (_, host, card) = try Self.open(Case(parameter: SCP03Parameter(rawValue: 0x70), level: .full, keyLength: 16), random: &random)
        try card.externalAuthenticate(host.externalAuthenticate().withChannel(7))
        for channel in 0...19 {
            let plain = CommandAPDU(cla: 0x80, ins: 0xE2, p1: 0x90, p2: 0, data: [1, 2, 3], expectedLength: 256)
            #expect(try card.unwrap(host.wrap(plain).withChannel(channel)) == plain.withChannel(channel))
        }
    }

    @Test(arguments: cases) func payloadCeiling(_ example: Case) throws {
        var random = SeededBytes(seed: 6)
        var (_, host, card) = try Self.open(example, random: &random)
        try card.externalAuthenticate(host.externalAuthenticate())
        let limit = host.maximumPayload
        let full = CommandAPDU(cla: 0x80, ins: 0xE8, p1: 0, p2: 0, data: random.draw(limit), expectedLength: 256)
        #expect(try card.unwrap(host.wrap(full)) == full)
        let before = host.exportedState
        let overlong = CommandAPDU(cla: 0x80, ins: 0xE8, p1: 0, p2: 0, data: random.draw(limit + 1))
        #expect(throws: SCP03Error.payloadTooLong(limit + 1, limit: limit)) { try host.wrap(overlong) }
        #expect(host.exportedState == before)
    }

    @Test func ceilingsOfTheStandard() {
        let (s8, s16) = (SCP03Parameter(rawValue: 0x70), SCP03Parameter(rawValue: 0x71))
        #expect(SecurityLevel.commandMAC.maximumPayload(s8) == 247 && SecurityLevel.commandMAC.maximumPayload(s16) == 239)
        #expect(SecurityLevel.full.maximumPayload(s8) == 239 && SecurityLevel.full.maximumPayload(s16) == 223)
        #expect(SecurityLevel.full.maximumResponsePayload(s8) == 239 && SecurityLevel.full.maximumResponsePayload(s16) == 239)
        #expect(SecurityLevel([]).maximumPayload(s8) == 255)
    }

    @Test func strongestLevel() {
        func strongest(_ i: UInt8) -> UInt8 { SecurityLevel.strongest(for: SCP03Parameter(rawValue: i)).rawValue }
        #expect([0x70, 0x71, 0x60].map(strongest) == [0x33, 0x33, 0x33])
        #expect([0x30, 0x20, 0x21].map(strongest) == [0x13, 0x13, 0x13])
        #expect([0x00, 0x10, 0x01, 0x40].map(strongest) == [0x03, 0x03, 0x03, 0x03])
    }
}
