import Cryptography
import TestMaterial
import Testing

@testable import GlobalPlatform

@Suite struct DiversificationTests {
    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        let scheme, master, kdd, enc, mac, dek: String
        let checkValues: [String]?
        private enum CodingKeys: String, CodingKey { case scheme, master, kdd, enc, mac, dek, checkValues = "kcv_enc_mac_dek" }
        var testDescription: String { "\(scheme) \(master.count * 4)" }
    }

    static let vectors: [Vector] = (try? ReferenceData.vectors("diversification")) ?? []

    @Test(.enabled(if: ReferenceData.isPresent)) func allAreThere() { #expect(Self.vectors.count == 6) }

    @Test(.enabled(if: ReferenceData.isPresent), arguments: vectors) func recorded(_ vector: Vector) throws {
        let scheme = try #require(DiversificationScheme(rawValue: vector.scheme))
        let keys = try scheme.keys(master: secret(vector.master), keyDiversificationData: Hex.decode(vector.kdd))
        #expect(keys.all.map(reveal) == [vector.enc, vector.mac, vector.dek])
        guard let checkValues = vector.checkValues else { return }
        if scheme == .kdf3 {
            #expect(try keys.keyCheckValues().map { Hex.encode($0) } == checkValues)
        } else {
            // Check values of triple DES keys are over zeros.
            #expect(try keys.all.map { Hex.encode(try TripleDES.encryptECB([UInt8](repeating: 0, count: 8), key: $0).prefix(3)) } == checkValues)
        }
    }

    struct SessionKeyVector: Decodable, Sendable {
        let key, context: String
        let sEnc, sMac, sRmac: String
        let kcvs: [String]
        private enum CodingKeys: String, CodingKey { case key, context, kcvs, sEnc = "s_enc", sMac = "s_mac", sRmac = "s_rmac" }
    }

    @Test(.enabled(if: ReferenceData.isPresent)) func derivationOfSessionKeys() throws {
        let vector = try ReferenceData.vectors("scp03_kdf_kcv", as: SessionKeyVector.self)
        let keys = try [SCP03KeyDerivation.Purpose.sessionEnc, .sessionMac, .sessionResponseMac].map {
            try SCP03KeyDerivation.derive($0, count: 16, key: secret(vector.key), context: Hex.decode(vector.context))
        }
        #expect(keys.map(reveal) == [vector.sEnc, vector.sMac, vector.sRmac])
        #expect(try keys.map { Hex.encode(try aesKeyCheckValue($0)) } == vector.kcvs)
    }

    @Test(arguments: DiversificationScheme.allCases) func refusesOtherLengths(_ scheme: DiversificationScheme) throws {
        let master = try secret("404142434445464748494a4b4c4d4e4f")
        for count in [0, 9, 11, 16] {
            #expect(throws: SCP03Error.keyDiversificationDataLength(count)) {
                try scheme.keys(master: master, keyDiversificationData: [UInt8](repeating: 0, count: count))
            }
        }
        for count in [0, 8, 15, 17, 33] {
            #expect(throws: SCP03Error.self) {
                try scheme.keys(master: SecretBytes(copying: [UInt8](repeating: 1, count: count)), keyDiversificationData: [UInt8](repeating: 0, count: 10))
            }
        }
        let (one, other) = (
            try scheme.keys(master: master, keyDiversificationData: [UInt8](repeating: 1, count: 10)),
            try scheme.keys(master: master, keyDiversificationData: [UInt8](repeating: 2, count: 10))
        )
        #expect(one != other)
        #expect(one.enc != one.mac && one.mac != one.dek)
    }
}
