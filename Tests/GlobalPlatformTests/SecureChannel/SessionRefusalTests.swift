import Cryptography
import Foundation
import Testing

@testable import GlobalPlatform

/// What must not pass, at either end.
@Suite struct SessionRefusalTests {
    typealias Case = SessionRoundTripTests.Case
    static let full = Case(parameter: SCP03Parameter(rawValue: 0x70), level: .full, keyLength: 16)
    static let plain = CommandAPDU(cla: 0x80, ins: 0xE2, p1: 0x90, p2: 0, data: [1, 2, 3, 4], expectedLength: 256)

    private func opened(_ example: Case = full, seed: UInt64 = 1) throws -> (keys: SCP03StaticKeys, host: SCP03HostSession, card: SCP03CardSession) {
        var random = SeededBytes(seed: seed)
        var (keys, host, card) = try SessionRoundTripTests.open(example, random: &random)
        try card.externalAuthenticate(host.externalAuthenticate())
        return (keys, host, card)
    }

    @Test(arguments: SessionRoundTripTests.cases.filter { $0.keyLength == 32 }) func wrongCardCryptogram(_ example: Case) throws {
        var random = SeededBytes(seed: 2)
        let (keys, host, card) = try SessionRoundTripTests.open(example, random: &random)
        for index in card.initializeUpdateResponse.cardCryptogram.indices {
            var answer = card.initializeUpdateResponse
            answer.cardCryptogram[index] ^= 1
            #expect(throws: SCP03Error.cardCryptogramMismatch) {
                try SCP03HostSession(staticKeys: keys, level: example.level, hostChallenge: host.hostChallenge, response: answer)
            }
            #expect(try !SCP03HostSession.verifies(answer, hostChallenge: host.hostChallenge, staticKeys: keys))
        }
        let others = try SCP03StaticKeys.random(keyLength: 32, using: SeededBytes(seed: 9))
        #expect(throws: SCP03Error.cardCryptogramMismatch) {
            try SCP03HostSession(staticKeys: others, level: example.level, hostChallenge: host.hostChallenge, response: card.initializeUpdateResponse)
        }
    }

    @Test func answerForAnotherQuestion() throws {
        var random = SeededBytes(seed: 3)
        let (keys, host, card) = try SessionRoundTripTests.open(Self.full, random: &random)
        let answer = card.initializeUpdateResponse
        let counter = try #require(answer.sequenceCounter)
        #expect(throws: SCP03Error.keyVersionMismatch(expected: 0x31, actual: 0x30)) {
            try SCP03HostSession(staticKeys: keys, level: .full, keyVersionNumber: 0x31, hostChallenge: host.hostChallenge, response: answer)
        }
        #expect(throws: SCP03Error.levelNotOffered(.full, SCP03Parameter(rawValue: 0x10))) {
            try SCP03HostSession(
                predicting: keys, level: .full, parameter: SCP03Parameter(rawValue: 0x10), keyVersionNumber: 0x30, hostChallenge: host.hostChallenge,
                sequenceCounter: counter, securityDomain: SessionRoundTripTests.securityDomain)
        }
        #expect(throws: SCP03Error.hostChallengeLength(expected: 8, actual: 7)) {
            try SCP03HostSession(staticKeys: keys, level: .full, hostChallenge: Array(host.hostChallenge.dropLast()), response: answer)
        }
        #expect(throws: SCP03Error.challengeNotPredictable(SCP03Parameter(rawValue: 0x60))) {
            try SCP03HostSession(
                predicting: keys, level: .full, parameter: SCP03Parameter(rawValue: 0x60), keyVersionNumber: 0x30, hostChallenge: host.hostChallenge,
                sequenceCounter: counter, securityDomain: SessionRoundTripTests.securityDomain)
        }
        // The counter moved on: the host must not be authenticated, and must see why.
        let expected = try #require(SequenceCounter(counter.value - 1))
        var predicted = try SCP03HostSession(
            predicting: keys, level: .full, parameter: answer.parameter, keyVersionNumber: 0x30, hostChallenge: host.hostChallenge,
            sequenceCounter: expected, securityDomain: SessionRoundTripTests.securityDomain)
        #expect(throws: SCP03Error.predictionMismatch(expected: expected, actual: counter)) { try predicted.verify(answer) }
        #expect(try SCP03HostSession.verifies(answer, hostChallenge: host.hostChallenge, staticKeys: keys))
        var refusing = card
        let authenticate = try predicted.externalAuthenticate()
        #expect(status { try refusing.externalAuthenticate(authenticate) } == .authenticationFailed)
        let next = try predicted.wrap(Self.plain)
        #expect(status { _ = try refusing.unwrap(next) } == .securityStatusNotSatisfied)
    }

    @Test func hostKeepsTheOrder() throws {
        var random = SeededBytes(seed: 4)
        var (_, host, _) = try SessionRoundTripTests.open(Self.full, random: &random)
        func code(_ body: () throws -> Void) -> String? {
            do { try body() } catch { return (error as? SCP03Error)?.code }
            return nil
        }
        #expect(code { _ = try host.wrap(Self.plain) } == "scp03-wrong-order")
        #expect(code { _ = try host.externalAuthenticate() } == nil)
        #expect(code { _ = try host.externalAuthenticate() } == "scp03-wrong-order")
    }

    @Test(arguments: SessionRoundTripTests.cases.filter { $0.keyLength == 24 && $0.level.contains(.commandMAC) }) func everyBitOfACommandCounts(_ example: Case) throws {
        var (_, host, card) = try opened(example)
        let wrapped = try host.wrap(Self.plain)
        for index in wrapped.data.indices {
            var altered = wrapped
            altered.data[index] ^= 0x40
            refuse(altered)
        }
        for change: (inout CommandAPDU) -> Void in [
            { $0.ins ^= 1 }, { $0.p1 ^= 1 }, { $0.p2 ^= 1 }, { $0.cla = 0x04 }, { $0.cla = 0x80 }, { $0.data.removeLast() }, { $0.data.append(0) }, { $0.data = [] },
            { $0.data.insert(0, at: 0) }, { $0.data = Array($0.data.suffix(example.parameter.macLength)) },
        ] {
            var altered = wrapped
            change(&altered)
            refuse(altered)
        }
        #expect(try card.unwrap(wrapped) == Self.plain)
        // The same again is a replay.
        #expect(status { _ = try card.unwrap(wrapped) } == .securityStatusNotSatisfied)

        func refuse(_ altered: CommandAPDU) {
            var copy = card
            #expect(status { _ = try copy.unwrap(altered) } == .securityStatusNotSatisfied)
            // The session is over: the genuine command comes too late.
            #expect(copy.level == nil)
            #expect(status { _ = try copy.unwrap(wrapped) } == .securityStatusNotSatisfied)
        }
    }

    @Test func everyBitOfExternalAuthenticateCounts() throws {
        var random = SeededBytes(seed: 5)
        var (_, host, card) = try SessionRoundTripTests.open(Self.full, random: &random)
        let genuine = try host.externalAuthenticate()
        func refused(_ change: (inout CommandAPDU) -> Void) -> StatusWord? {
            var (altered, copy) = (genuine, card)
            change(&altered)
            let result = status { try copy.externalAuthenticate(altered) }
            #expect(copy.level == nil)
            #expect(status { try copy.externalAuthenticate(genuine) } == .securityStatusNotSatisfied)
            return result
        }
        for index in 0..<8 { #expect(refused { $0.data[index] ^= 1 } == .authenticationFailed) }
        for index in 8..<16 { #expect(refused { $0.data[index] ^= 1 } == .securityStatusNotSatisfied) }
        #expect(refused { $0.p1 = 0x03 } == .securityStatusNotSatisfied)
        #expect(refused { $0.p1 = 0x02 } == .incorrectP1P2)
        #expect(refused { $0.p2 = 1 } == .incorrectP1P2)
        #expect(refused { $0.cla = 0x80 } == .securityStatusNotSatisfied)
        #expect(refused { $0.data.removeLast() } == .wrongLength)
        #expect(refused { $0.data = [] } == .wrongLength)
        try card.externalAuthenticate(genuine)
        #expect(status { try card.externalAuthenticate(genuine) } == .securityStatusNotSatisfied)
    }

    @Test(arguments: SessionRoundTripTests.cases.filter { $0.keyLength == 16 && $0.level.contains(.responseMAC) }) func everyBitOfAResponseCounts(_ example: Case) throws {
        var (_, host, card) = try opened(example)
        let first = try host.wrap(Self.plain)
        let second = try host.wrap(Self.plain)
        _ = try card.unwrap(first)
        let genuine = try card.wrap(ResponseAPDU(data: [7, 8, 9], statusWord: .success))
        _ = try card.unwrap(second)
        let later = try card.wrap(ResponseAPDU(data: [7, 8, 9], statusWord: .success))
        let keys = host.pendingResponses
        for index in genuine.data.indices {
            var altered = genuine
            altered.data[index] ^= 1
            #expect(throws: SCP03Error.responseMACMismatch(.success)) { try host.unwrap(altered, for: keys[0]) }
        }
        #expect(throws: SCP03Error.responseMACMismatch(.selectedLocked)) {
            try host.unwrap(ResponseAPDU(data: genuine.data, statusWord: .selectedLocked), for: keys[0])
        }
        for count in 0..<example.parameter.macLength {
            #expect(throws: SCP03Error.responseMACMissing(.success)) {
                try host.unwrap(ResponseAPDU(data: Array(genuine.data.prefix(count)), statusWord: .success), for: keys[0])
            }
        }
        #expect(throws: SCP03Error.dataWithErrorStatus(.securityStatusNotSatisfied)) {
            try host.unwrap(ResponseAPDU(data: genuine.data, statusWord: .securityStatusNotSatisfied), for: keys[0])
        }
        // Answers to other commands do not fit, even with the same content.
        #expect(throws: SCP03Error.responseMACMismatch(.success)) { try host.unwrap(later, for: keys[0]) }
        #expect(throws: SCP03Error.responseMACMismatch(.success)) { try host.unwrap(genuine, for: keys[1]) }
        #expect(try host.unwrap(genuine) == host.unwrap(later))
    }

    /// A card that authenticates what it did not pad.
    @Test func paddingOfADecryptedResponse() throws {
        var (keys, host, card) = try opened()
        _ = try card.unwrap(host.wrap(Self.plain))
        let key = try #require(host.pendingResponses.last)
        let derived = try SCP03KeyDerivation.sessionKeys(keys, hostChallenge: host.hostChallenge, cardChallenge: host.cardChallenge)
        let body = [UInt8](repeating: 0xA5, count: 16)
        for length in [16, 15] {
            let data = Array(body.prefix(length))
            let mac = try AESCMAC.code(over: key.macChainingValue + data + StatusWord.success.bytes, key: derived.rmac).prefix(8)
            #expect(throws: SCP03Error.responsePaddingInvalid) { try host.unwrap(ResponseAPDU(data: data + mac, statusWord: .success), for: key) }
        }
    }

    @Test func storedStatesAreChecked() throws {
        let (keys, host, _) = try opened()
        let json = try #require(String(data: JSONEncoder().encode(host.exportedState), encoding: .utf8))
        #expect(json.contains(Hex.encode(host.hostChallenge)))
        let shorter = json.replacingOccurrences(of: Hex.encode(host.hostChallenge), with: "0102")
        let state = try JSONDecoder().decode(SCP03HostSession.State.self, from: Data(shorter.utf8))
        #expect(throws: SCP03Error.hostChallengeLength(expected: 8, actual: 2)) { try SCP03HostSession(resuming: state, staticKeys: keys) }
        #expect(SCP03HostSession.ResponseKey(macChainingValue: [1, 2], counter: 1) == nil)
        let value = Hex.encode(host.exportedState.macChainingValue)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(SCP03HostSession.State.self, from: Data(json.replacingOccurrences(of: value, with: "0102").utf8))
        }
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(SCP03HostSession.State.self, from: Data(json.replacingOccurrences(of: Hex.encode(host.hostChallenge), with: "xy").utf8))
        }
    }

    @Test func malformedInitializeUpdateResponses() throws {
        var random = SeededBytes(seed: 8)
        for i: UInt8 in [0x00, 0x10, 0x60, 0x70, 0x01, 0x11, 0x71] {
            let example = Case(parameter: SCP03Parameter(rawValue: i), level: .commands, keyLength: 16)
            let data = try SessionRoundTripTests.open(example, random: &random).card.initializeUpdateResponse.data
            #expect(data.count == (i & 1 == 0 ? 29 : 45) + (i & 0x10 == 0 ? 0 : 3))
            for count in Array(0..<data.count) {
                #expect(throws: SCP03Error.self) { try InitializeUpdateResponse(data: Array(data.prefix(count))) }
            }
            #expect(throws: SCP03Error.initializeUpdateResponseLength(expected: data.count, actual: data.count + 1)) { try InitializeUpdateResponse(data: data + [0]) }
            var other = data
            other[11] = 0x02
            #expect(throws: SCP03Error.protocolNotSupported(0x02)) { try InitializeUpdateResponse(data: other) }
            #expect(throws: SCP03Error.initializeUpdateRefused(.referencedDataNotFound)) {
                try InitializeUpdateResponse(ResponseAPDU(statusWord: .referencedDataNotFound))
            }
        }
        for _ in 0..<2000 {
            let data = random.draw(Int.random(in: 0...60, using: &random))
            do { #expect(try InitializeUpdateResponse(data: data).data == data) } catch { #expect(error.code.hasPrefix("scp03-")) }
        }
    }

    /// Noise must be refused by a typed error at both ends, and only noise of length zero can be a bare error.
    @Test func randomCommandsAndResponses() throws {
        var random = SeededBytes(seed: 10)
        for example in SessionRoundTripTests.cases where example.keyLength == 16 && example.level.contains(.responseMAC) {
            var (_, host, card) = try opened(example)
            _ = try card.unwrap(host.wrap(Self.plain))
            let key = try #require(host.pendingResponses.first)
            for _ in 0..<100 {
                let noise = CommandAPDU(
                    cla: UInt8.random(in: 0...255, using: &random), ins: UInt8.random(in: 0...255, using: &random), p1: 0, p2: 0,
                    data: random.draw(Int.random(in: 0...300, using: &random)))
                var copy = card
                #expect(throws: SCP03Refusal.self) { try copy.unwrap(noise) }
                let answer = ResponseAPDU(data: random.draw(Int.random(in: 1...300, using: &random)), statusWord: StatusWord(rawValue: UInt16.random(in: 0...0xFFFF, using: &random)))
                #expect(throws: SCP03Error.self) { try host.unwrap(answer, for: key) }
                #expect(throws: SCP03Error.self) { try host.unwrap(ResponseAPDU(data: answer.data, statusWord: .success), for: key) }
            }
        }
    }

    @Test func levelZeroHasNoSecureMessaging() throws {
        var (_, host, card) = try opened(Case(parameter: SCP03Parameter(rawValue: 0x70), level: [], keyLength: 16))
        #expect(try host.wrap(Self.plain) == Self.plain)
        #expect(try card.unwrap(Self.plain) == Self.plain)
        #expect(status { _ = try card.unwrap(Self.plain.withSecureMessaging(true)) } == .secureMessagingNotSupported)
    }

    @Test func keysMustFit() throws {
        func key(_ count: Int) -> SecretBytes { SecretBytes(copying: [UInt8](repeating: 1, count: count)) }
        #expect(throws: SCP03Error.keyLengths([16, 16, 24])) { try SCP03StaticKeys(enc: key(16), mac: key(16), dek: key(24)) }
        #expect(throws: SCP03Error.keyLengths([8, 8, 8])) { try SCP03StaticKeys(enc: key(8), mac: key(8), dek: key(8)) }
        var random = SeededBytes(seed: 11)
        let (keys, _, _) = try SessionRoundTripTests.open(Self.full, random: &random)
        for length in [16, 24, 32] {
            let secret = SecretBytes(copying: random.draw(length))
            let encrypted = try keys.encryptKeyData(secret)
            #expect(encrypted.count == (length == 16 ? 16 : 32))
            #expect(try keys.decryptKeyData(encrypted, length: length) == secret)
            #expect(throws: SCP03Error.encryptedKeyLength(encrypted.count - 1)) { try keys.decryptKeyData(Array(encrypted.dropLast()), length: length) }
        }
        #expect(throws: SCP03Error.encryptedKeyLength(0)) { try keys.decryptKeyData([], length: 0) }
    }

    @Test func sequenceCounters() throws {
        #expect(SequenceCounter.zero.next?.bytes == [0, 0, 1])
        #expect(SequenceCounter(0xFF_FFFF)?.next == nil)
        #expect(try SequenceCounter.zero.advanced().value == 1)
        #expect(throws: SCP03Error.sequenceCounterExhausted) { try SequenceCounter(0xFF_FFFF)?.advanced() }
        #expect(SequenceCounter(0x100_0000) == nil)
        #expect(SequenceCounter(bytes: [1, 2]) == nil)
        #expect(SequenceCounter(bytes: [1, 2, 3])?.description == "010203")
    }

    private func status(_ body: () throws -> Void) -> StatusWord? {
        do { try body() } catch { return (error as? SCP03Refusal)?.statusWord }
        return nil
    }
}
