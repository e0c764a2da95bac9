import Cryptography
import TestMaterial
import Testing

@testable import GlobalPlatform

/// A recorded session of `scp03_transcripts`. The recordings differ in what they hold.
struct RecordedSession: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let keyEnc, keyMac: String
    let keyDek: String?
    let parameter: UInt8
    let hostCryptogram: String?
    let sEnc, sMac, sRmac: String
    let sequenceCounter: String
    let cardChallengeAid: String?
    let initializeUpdate, initializeUpdateResponse, externalAuthenticate: String
    let exchanges: [Exchange]

    struct Exchange: Decodable, Sendable {
        let plain, wrapped: String
        let macChainingAfter: String?
        let responseWrapped, responsePlain, sw: String?
        /// Data and status word, where the recording holds them in one.
        let response: String?

        private enum CodingKeys: String, CodingKey {
            case plain, wrapped, sw, response
            case macChainingAfter = "mac_chaining_after", responseWrapped = "response_wrapped", responsePlain = "response_plain"
        }
    }

    private enum CodingKeys: String, CodingKey {
        case name, exchanges, i
        case keyEnc = "key_enc", keyMac = "key_mac", keyDek = "key_dek", hostCryptogram = "host_cryptogram", sEnc = "s_enc", sMac = "s_mac"
        case sRmac = "s_rmac", sequenceCounter = "sequence_counter", cardChallengeAid = "card_challenge_aid", initializeUpdate = "initialize_update"
        case initializeUpdateResponse = "initialize_update_response", externalAuthenticate = "external_authenticate"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func text(_ key: CodingKeys) throws -> String { try container.decode(String.self, forKey: key) }
        name = try text(.name)
        keyEnc = try text(.keyEnc)
        keyMac = try text(.keyMac)
        keyDek = try container.decodeIfPresent(String.self, forKey: .keyDek)
        // A number in one source, hexadecimal text in the other.
        if let number = try? container.decode(UInt8.self, forKey: .i) { parameter = number } else { parameter = UInt8(try text(.i), radix: 16) ?? 0 }
        hostCryptogram = try container.decodeIfPresent(String.self, forKey: .hostCryptogram)
        sEnc = try text(.sEnc)
        sMac = try text(.sMac)
        sRmac = try text(.sRmac)
        sequenceCounter = try text(.sequenceCounter)
        cardChallengeAid = try container.decodeIfPresent(String.self, forKey: .cardChallengeAid)
        initializeUpdate = try text(.initializeUpdate)
        initializeUpdateResponse = try text(.initializeUpdateResponse)
        externalAuthenticate = try text(.externalAuthenticate)
        exchanges = try container.decode([Exchange].self, forKey: .exchanges)
    }

    var testDescription: String { name }

    func staticKeys() throws -> SCP03StaticKeys {
        try SCP03StaticKeys(enc: secret(keyEnc), mac: secret(keyMac), dek: secret(keyDek ?? keyMac))
    }

    /// The plain command of an exchange. One of the recording tools dropped Le while wrapping.
    func plain(_ exchange: Exchange) throws -> CommandAPDU {
        var plain = try command(exchange.plain)
        if name == "kaoh_delete_application" { plain.expectedLength = nil }
        return plain
    }

    static let all: [RecordedSession] = (try? ReferenceData.vectors("scp03_transcripts")) ?? []
}

/// A computed session of `golden_sessions`.
struct GoldenSession: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let keyEnc, keyMac, keyDek: String
    let select: String
    let initializeUpdate, initializeUpdateResponse, externalAuthenticate: String
    let sEnc, sMac, sRmac: String
    let exchanges: [Exchange]

    struct Exchange: Decodable, Sendable {
        let name, plain, wrapped: String
        let macChainingAfter: String
        let counter: UInt64
        let responsePlain, responseWrapped: String

        private enum CodingKeys: String, CodingKey {
            case name, plain, wrapped, counter
            case macChainingAfter = "mac_chaining_after", responsePlain = "response_plain", responseWrapped = "response_wrapped"
        }
    }

    private enum CodingKeys: String, CodingKey {
        case name, select, exchanges
        case keyEnc = "key_enc", keyMac = "key_mac", keyDek = "key_dek", initializeUpdate = "initialize_update"
        case initializeUpdateResponse = "initialize_update_response", externalAuthenticate = "external_authenticate"
        case sEnc = "s_enc", sMac = "s_mac", sRmac = "s_rmac"
    }

    var testDescription: String { name }

    func staticKeys() throws -> SCP03StaticKeys { try SCP03StaticKeys(enc: secret(keyEnc), mac: secret(keyMac), dek: secret(keyDek)) }

    static let all: [GoldenSession] = (try? ReferenceData.vectors("golden_sessions")) ?? []
}

func secret(_ text: String) throws -> SecretBytes { SecretBytes(copying: try Hex.decode(text)) }

func reveal(_ key: SecretBytes) -> String { Hex.encode(key.withUnsafeBytes { Array($0) }) }

func command(_ text: String) throws -> CommandAPDU { try CommandAPDU(bytes: Hex.decode(text)) }

/// What a card sees of a command that got Le for the sake of its R-MAC.
func withLe(_ command: CommandAPDU, at level: SecurityLevel?) -> CommandAPDU {
    guard let level, level.contains(.responseMAC), command.expectedLength == nil else { return command }
    var command = command
    command.expectedLength = 256
    return command
}

func response(_ text: String) throws -> ResponseAPDU { try ResponseAPDU(bytes: Hex.decode(text)) }

/// SplitMix64: the same numbers and bytes for the same seed, also as a card's source of randomness.
struct SeededBytes: RandomNumberGenerator, RandomSource {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func draw(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }

    /// From a copy: a card asks once a session.
    func bytes(_ count: Int) throws(CryptographyError) -> [UInt8] {
        var copy = self
        return copy.draw(count)
    }
}
