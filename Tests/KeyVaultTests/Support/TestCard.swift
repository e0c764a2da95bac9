import Cryptography
import Foundation
import GlobalPlatform

/// A security domain on a card: key sets with counters, secure channel sessions, PUT KEY and first keys; whatever else comes is answered by `answer`.
struct TestCard {
    var keySets: [UInt8: SCP03StaticKeys]
    var counters: [UInt8: SequenceCounter] = [:]
    var parameter = SCP03Parameter(rawValue: 0x70)
    var securityDomain = AID.issuerSecurityDomain
    /// Plain commands as they came out of secure messaging.
    var received: [CommandAPDU] = []
    var answer: (CommandAPDU) -> ResponseAPDU = { _ in ResponseAPDU(statusWord: .success) }
    private var session: SCP03CardSession?
    private var sessionVersion: UInt8 = 0
    private var firstKeys: [UInt8] = []
    /// First keys that were stored for a new security domain.
    private(set) var stored: [UInt8: SCP03StaticKeys] = [:]

    init(_ keys: SCP03StaticKeys, version: UInt8, parameter: UInt8 = 0x70) {
        keySets = [version: keys]
        self.parameter = SCP03Parameter(rawValue: parameter)
    }

    mutating func transmit(_ bytes: [UInt8]) throws -> [UInt8] {
        let command = try CommandAPDU(bytes: bytes)
        switch command.ins {
        case Instruction.initializeUpdate:
            guard let keys = keySets[command.p1] else { return ResponseAPDU(statusWord: .referencedDataNotFound).bytes }
            guard command.data.count == parameter.challengeLength else { return ResponseAPDU(statusWord: .wrongLength).bytes }
            let counter = try require(unwrapped: (counters[command.p1] ?? .zero).next)
            counters[command.p1] = counter
            sessionVersion = command.p1
            session = try SCP03CardSession(
                staticKeys: keys, keyVersionNumber: command.p1, parameter: parameter, keyDiversificationData: Array(0...9), hostChallenge: command.data,
                sequenceCounter: counter, securityDomain: securityDomain, random: SystemRandom())
            return (session?.initializeUpdateResponse.data ?? []) + [0x90, 0x00]
        case Instruction.externalAuthenticate:
            do {
                try session?.externalAuthenticate(command)
                return [0x90, 0x00]
            } catch {
                return error.statusWord.bytes
            }
        default:
            do {
                guard let plain = try session?.unwrap(command) else { return ResponseAPDU(statusWord: .securityStatusNotSatisfied).bytes }
                received.append(plain)
                return try session?.wrap(try execute(plain)).bytes ?? []
            } catch let refusal as SCP03Refusal {
                return refusal.statusWord.bytes
            }
        }
    }

    /// Everything in order, as an agent would: stops after a status word that does not allow to go on.
    mutating func run(_ commands: [[UInt8]]) throws -> [[UInt8]] {
        var answers: [[UInt8]] = []
        for command in commands {
            let answer = try transmit(command)
            answers.append(answer)
            guard try ResponseAPDU(bytes: answer).statusWord.allowsContinuation else { break }
        }
        return answers
    }

    private mutating func execute(_ plain: CommandAPDU) throws -> ResponseAPDU {
        guard let current = keySets[sessionVersion] else { return ResponseAPDU(statusWord: .securityStatusNotSatisfied) }
        switch plain.ins {
        case Instruction.putKey:
            let put = try PutKeyCommand.parse(plain)
            let keys = try Self.keys(put.components, under: current)
            if put.replacing != 0 {
                guard keySets.removeValue(forKey: put.replacing) != nil else { return ResponseAPDU(statusWord: .referencedDataNotFound) }
            }
            keySets[put.newVersion] = keys
            counters[put.newVersion] = .zero
            return ResponseAPDU(data: PutKeyResponse(version: put.newVersion, checkValues: try keys.keyCheckValues()).bytes, statusWord: .success)
        // DGI 00B9 with a control reference template begins first keys; other data is some application's.
        case Instruction.storeData where plain.p1 & 0x08 != 0 && (!firstKeys.isEmpty || plain.data.starts(with: [0x00, 0xB9]) && plain.data.dropFirst(3).first == 0xB9):
            firstKeys += plain.data
            guard plain.p1 & 0x80 != 0 else { return ResponseAPDU(statusWord: .success) }
            let set = try FirstKeySet(parsing: firstKeys)
            let components = set.keys.map { PutKeyCommand.Component(keyLength: $0.length, encryptedKey: $0.encryptedKey, checkValue: $0.checkValue) }
            stored[set.keys[0].version] = try Self.keys(components, under: current)
            return ResponseAPDU(statusWord: .success)
        default: return answer(plain)
        }
    }

    private static func keys(_ components: [PutKeyCommand.Component], under current: SCP03StaticKeys) throws -> SCP03StaticKeys {
        let keys = try components.map { try current.decryptKeyData($0.encryptedKey, length: $0.keyLength) }
        let set = try SCP03StaticKeys(enc: keys[0], mac: keys[1], dek: keys[2])
        guard try set.keyCheckValues() == components.map(\.checkValue) else { throw CocoaError(.coderInvalidValue) }
        return set
    }

    private func `require`<Value>(unwrapped value: Value?) throws -> Value {
        guard let value else { throw CocoaError(.coderValueNotFound) }
        return value
    }
}
