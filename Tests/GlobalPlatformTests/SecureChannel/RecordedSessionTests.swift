import Cryptography
import TestMaterial
import Testing

@testable import GlobalPlatform

/// Sessions that others recorded with real cards: both ends must reproduce them bit for bit.
@Suite(.enabled(if: ReferenceData.isPresent)) struct RecordedSessionTests {
    @Test func allAreThere() { #expect(RecordedSession.all.count == 15) }

    @Test(arguments: RecordedSession.all) func derivations(_ session: RecordedSession) throws {
        let keys = try session.staticKeys()
        let answer = try InitializeUpdateResponse(data: Hex.decode(session.initializeUpdateResponse))
        #expect(Hex.encode(answer.data) == session.initializeUpdateResponse.lowercased())
        #expect(answer.parameter.rawValue == session.parameter)
        #expect(answer.sequenceCounter?.description == session.sequenceCounter)
        let hostChallenge = try command(session.initializeUpdate).data
        let derived = try SCP03KeyDerivation.sessionKeys(keys, hostChallenge: hostChallenge, cardChallenge: answer.cardChallenge)
        #expect(reveal(derived.enc) == session.sEnc)
        #expect(reveal(derived.mac) == session.sMac)
        #expect(reveal(derived.rmac) == session.sRmac)
        if let aid = session.cardChallengeAid, let counter = answer.sequenceCounter {
            let challenge = try SCP03KeyDerivation.pseudoRandomCardChallenge(
                keyEnc: keys.enc, sequenceCounter: counter, securityDomain: AID(hex: aid), parameter: answer.parameter)
            #expect(challenge == answer.cardChallenge)
        }
        #expect(try SCP03HostSession.verifies(answer, hostChallenge: hostChallenge, staticKeys: keys))
    }

    @Test(arguments: RecordedSession.all) func hostEnd(_ session: RecordedSession) throws {
        let answer = try InitializeUpdateResponse(data: Hex.decode(session.initializeUpdateResponse))
        let begin = try command(session.initializeUpdate)
        #expect(SCP03HostSession.initializeUpdate(kvn: begin.p1, hostChallenge: begin.data) == begin)
        let authenticate = try command(session.externalAuthenticate)
        var host = try SCP03HostSession(
            staticKeys: session.staticKeys(), level: SecurityLevel(rawValue: authenticate.p1), keyVersionNumber: begin.p1, hostChallenge: begin.data,
            response: answer)
        #expect(host.isCardVerified)
        #expect(try host.externalAuthenticate() == authenticate)
        if let cryptogram = session.hostCryptogram { #expect(Hex.encode(authenticate.data.prefix(8)) == cryptogram) }
        for exchange in session.exchanges {
            // These tools leave Le as it is.
            #expect(try Hex.encode(host.wrap(session.plain(exchange), addsLe: false).bytes) == exchange.wrapped.lowercased())
            if let value = exchange.macChainingAfter { #expect(Hex.encode(host.exportedState.macChainingValue) == value) }
            if let wrapped = exchange.responseWrapped, let plain = exchange.responsePlain, let sw = exchange.sw {
                #expect(try host.unwrap(response(wrapped + sw)) == response(plain + sw))
            } else if let recorded = exchange.response, recorded.count >= 4 {
                let plain = try host.unwrap(response(recorded))
                #expect(plain.statusWord == .success)
                if host.level == .full { #expect(plain.data == (try command(exchange.plain).data)) }
            } else {
                // Nothing was recorded; a bare error keeps both in step.
                #expect(try host.unwrap(ResponseAPDU(statusWord: .conditionsNotSatisfied)).data.isEmpty)
            }
        }
        #expect(host.pendingResponses.isEmpty)
    }

    @Test(arguments: RecordedSession.all) func cardEnd(_ session: RecordedSession) throws {
        let answer = try InitializeUpdateResponse(data: Hex.decode(session.initializeUpdateResponse))
        let hostChallenge = try command(session.initializeUpdate).data
        var card: SCP03CardSession
        if let aid = session.cardChallengeAid, let counter = answer.sequenceCounter {
            card = try SCP03CardSession(
                staticKeys: session.staticKeys(), keyVersionNumber: answer.keyVersionNumber, parameter: answer.parameter,
                keyDiversificationData: answer.keyDiversificationData, hostChallenge: hostChallenge, sequenceCounter: counter,
                securityDomain: AID(hex: aid), random: SeededBytes(seed: 0))
        } else {
            card = try SCP03CardSession(
                staticKeys: session.staticKeys(), keyVersionNumber: answer.keyVersionNumber, parameter: answer.parameter,
                keyDiversificationData: answer.keyDiversificationData, hostChallenge: hostChallenge, cardChallenge: answer.cardChallenge,
                sequenceCounter: answer.sequenceCounter)
        }
        #expect(card.initializeUpdateResponse == answer)
        try card.externalAuthenticate(command(session.externalAuthenticate))
        for exchange in session.exchanges {
            let plain = try session.plain(exchange)
            #expect(try card.unwrap(command(exchange.wrapped)) == plain)
            if let wrapped = exchange.responseWrapped, let bare = exchange.responsePlain, let sw = exchange.sw {
                #expect(try card.wrap(response(bare + sw)) == response(wrapped + sw))
            } else if let recorded = exchange.response, recorded.count >= 4, card.level == .full {
                // This card echoed the command's data.
                #expect(try card.wrap(ResponseAPDU(data: plain.data, statusWord: .success)) == response(recorded))
            }
        }
    }
}

/// Sessions computed from primitives that reproduce the recorded ones; S16 among them.
@Suite(.enabled(if: ReferenceData.isPresent)) struct GoldenSessionTests {
    @Test func allAreThere() { #expect(GoldenSession.all.count == 9) }

    @Test(arguments: GoldenSession.all) func hostEnd(_ session: GoldenSession) throws {
        let answer = try InitializeUpdateResponse(response(session.initializeUpdateResponse))
        let begin = try command(session.initializeUpdate)
        let authenticate = try command(session.externalAuthenticate)
        let keys = try session.staticKeys()
        let derived = try SCP03KeyDerivation.sessionKeys(keys, hostChallenge: begin.data, cardChallenge: answer.cardChallenge)
        #expect([derived.enc, derived.mac, derived.rmac].map(reveal) == [session.sEnc, session.sMac, session.sRmac])
        let counter = try #require(answer.sequenceCounter)
        var answered = try SCP03HostSession(
            staticKeys: keys, level: SecurityLevel(rawValue: authenticate.p1), keyVersionNumber: begin.p1, hostChallenge: begin.data, response: answer)
        var predicted = try SCP03HostSession(
            predicting: keys, level: SecurityLevel(rawValue: authenticate.p1), parameter: answer.parameter, keyVersionNumber: begin.p1,
            hostChallenge: begin.data, sequenceCounter: counter, securityDomain: AID(command(session.select).data))
        #expect(try answered.externalAuthenticate() == authenticate)
        #expect(try predicted.externalAuthenticate() == authenticate)
        // The predicted script is complete before the first response; its report is verified later, after a restart.
        for exchange in session.exchanges {
            #expect(try Hex.encode(answered.wrap(command(exchange.plain)).bytes) == exchange.wrapped, "\(exchange.name)")
            #expect(try answered.unwrap(response(exchange.responseWrapped)) == response(exchange.responsePlain), "\(exchange.name)")
            #expect(try Hex.encode(predicted.wrap(command(exchange.plain)).bytes) == exchange.wrapped, "\(exchange.name)")
            #expect(predicted.pendingResponses.last?.counter == exchange.counter)
            #expect(predicted.pendingResponses.last.map { Hex.encode($0.macChainingValue) } == exchange.macChainingAfter)
        }
        var resumed = try SCP03HostSession(resuming: predicted.exportedState, staticKeys: keys)
        #expect(!resumed.isCardVerified)
        try resumed.verify(answer)
        #expect(resumed.isCardVerified)
        for exchange in session.exchanges {
            #expect(try resumed.unwrap(response(exchange.responseWrapped)) == response(exchange.responsePlain), "\(exchange.name)")
        }
    }

    @Test(arguments: GoldenSession.all) func cardEnd(_ session: GoldenSession) throws {
        let answer = try InitializeUpdateResponse(response(session.initializeUpdateResponse))
        var card = try SCP03CardSession(
            staticKeys: session.staticKeys(), keyVersionNumber: answer.keyVersionNumber, parameter: answer.parameter,
            keyDiversificationData: answer.keyDiversificationData, hostChallenge: command(session.initializeUpdate).data,
            sequenceCounter: #require(answer.sequenceCounter), securityDomain: AID(command(session.select).data), random: SeededBytes(seed: 0))
        #expect(card.initializeUpdateResponse == answer)
        try card.externalAuthenticate(command(session.externalAuthenticate))
        #expect(card.level == .full)
        for exchange in session.exchanges {
            #expect(try card.unwrap(command(exchange.wrapped)) == withLe(command(exchange.plain), at: card.level), "\(exchange.name)")
            #expect(try card.wrap(response(exchange.responsePlain)) == response(exchange.responseWrapped), "\(exchange.name)")
        }
    }

    /// PUT KEY's encrypted components and check values, as the golden commands carry them.
    @Test(arguments: GoldenSession.all.filter { $0.name.contains("put_first_keyset") }) func keyData(_ session: GoldenSession) throws {
        let keys = try session.staticKeys()
        let data = try command(#require(session.exchanges.first).plain).data
        var index = 1
        var found = 0
        while index < data.count {
            let length = Int(data[index + 1])
            let keyLength = Int(data[index + 2])
            let encrypted = Array(data[(index + 3)..<(index + 2 + length)])
            let checkValue = Array(data[(index + 3 + length)..<(index + 6 + length)])
            let key = try keys.decryptKeyData(encrypted, length: keyLength)
            #expect(try aesKeyCheckValue(key) == checkValue)
            #expect(try keys.encryptKeyData(key) == encrypted)
            index += 6 + length
            found += 1
        }
        #expect(found == 3)
    }
}
