import Cryptography
import Foundation
import GlobalPlatform

/// The state file of a simulated card, as far as tests look into its chip.
struct CardFileContent: Decodable {
    struct Identity: Decodable {
        var issuerIdentificationNumber, cardImageNumber, keyDiversificationData: HexBytes
    }

    struct KeySet: Decodable {
        struct Key: Decodable {
            var identifier: UInt8
            var value: HexBytes
        }
        var version: UInt8
        var keys: [Key]

        /// ENC, MAC and DEK; nil while the set is incomplete.
        func staticKeys() throws -> SCP03StaticKeys? {
            let values = (1...3).compactMap { identifier in keys.first { $0.identifier == identifier } }
            guard values.count == 3 else { return nil }
            return try SCP03StaticKeys(enc: SecretBytes(copying: values[0].value.bytes), mac: SecretBytes(copying: values[1].value.bytes), dek: SecretBytes(copying: values[2].value.bytes))
        }
    }

    struct Application: Decodable {
        struct Domain: Decodable { var keySets: [KeySet] }
        var aid: AID
        var domain: Domain?
    }

    var identity: Identity
    var applications: [Application]

    init(path: String) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// All key sets of this version, of whatever security domain.
    func keySets(version: UInt8) -> [KeySet] { applications.compactMap(\.domain).flatMap(\.keySets).filter { $0.version == version } }
}
