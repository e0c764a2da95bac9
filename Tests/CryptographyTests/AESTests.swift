import TestMaterial
import Testing

@testable import Cryptography

@Suite struct AESTests {
    /// NIST SP 800-38A, F.1 and F.2: the keys and the common plaintext.
    static let keys = [
        "2b7e151628aed2a6abf7158809cf4f3c", "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
    ]
    static let plaintext = hex(
        "6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51 30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710")
    static let ecb = [
        "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4",
        "bd334f1d6e45f25ff712a214571fa5cc974104846d0ad3ad7734ecb3ecee4eefef7afd2270e2e60adce0ba2face6444e9a4b41ba738d6c72fb16691603c18e0e",
        "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870b6ed21b99ca6f4f9f153e7b1beafed1d23304b7a39f9f3ff067d8d8f9e24ecc7",
    ]
    static let cbc = [
        "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b273bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7",
        "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd",
        "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b",
    ]
    static let iv = hex("000102030405060708090a0b0c0d0e0f")

    @Test(arguments: 0..<3) func electronicCodebook(_ size: Int) throws {
        let key = SecretBytes(copying: hex(Self.keys[size]))
        #expect(try AES.encryptECB(Self.plaintext, key: key) == hex(Self.ecb[size]))
        #expect(try AES.decryptECB(hex(Self.ecb[size]), key: key) == Self.plaintext)
    }

    @Test(arguments: 0..<3) func cipherBlockChaining(_ size: Int) throws {
        let key = SecretBytes(copying: hex(Self.keys[size]))
        #expect(try AES.encryptCBC(Self.plaintext, key: key, iv: Self.iv) == hex(Self.cbc[size]))
        #expect(try AES.decryptCBC(hex(Self.cbc[size]), key: key, iv: Self.iv) == Self.plaintext)
        #expect(try AES.encryptCBC([], key: key, iv: Self.iv).isEmpty)
    }

    /// The keyed contexts must not let one message run into the next.
    @Test(arguments: 0..<3) func keyedContextsStartOverWithEveryMessage(_ size: Int) throws {
        let key = SecretBytes(copying: hex(Self.keys[size]))
        let encryptor = try AESChainEncryptor(key: key)
        let decryptor = try AESChainDecryptor(key: key)
        let zero = [UInt8](repeating: 0, count: 16)
        var random = SeededRandom(seed: 1)
        for blocks in [1, 2, 15, 1, 64, 3] {
            let plain = random.bytes(blocks * 16)
            var work = plain
            try work.withUnsafeMutableBytes { try encryptor.encryptInPlace($0) }
            #expect(try work == AES.encryptCBC(plain, key: key, iv: zero))
            let iv = random.bytes(16)
            var box = iv + (try AES.encryptCBC(plain, key: key, iv: iv))
            try box.withUnsafeMutableBytes { try decryptor.decryptInPlace(afterInitialValue: $0) }
            #expect(Array(box.dropFirst(16)) == plain)
        }
    }

    @Test(arguments: [0, 1, 15, 17, 31, 33]) func refusesOtherLengths(_ count: Int) throws {
        let key = SecretBytes(copying: hex(Self.keys[0]))
        let bytes = [UInt8](repeating: 0, count: count)
        func code(_ body: () throws -> Void) -> CryptographyError.Code? {
            do { try body() } catch { return (error as? CryptographyError)?.code }
            return nil
        }
        #expect(code { _ = try AES.encryptECB(Self.plaintext, key: SecretBytes(copying: bytes)) } == .invalidKeyLength)
        #expect(code { _ = try AESCMAC(key: SecretBytes(copying: bytes)) } == .invalidKeyLength)
        #expect(code { _ = try AESChainEncryptor(key: SecretBytes(copying: bytes)) } == .invalidKeyLength)
        #expect(code { _ = try AES.encryptCBC(Self.plaintext, key: key, iv: bytes) } == .invalidInputLength)
        if count > 0 {
            #expect(code { _ = try AES.encryptECB(bytes, key: key) } == .invalidInputLength)
            #expect(code { _ = try AES.decryptCBC(bytes, key: key, iv: Self.iv) } == .invalidInputLength)
        }
        var work = bytes
        #expect(code { try work.withUnsafeMutableBytes { try AESChainEncryptor(key: key).encryptInPlace($0) } } == .invalidInputLength)
        #expect(code { try work.withUnsafeMutableBytes { try AESChainDecryptor(key: key).decryptInPlace(afterInitialValue: $0) } } == .invalidInputLength)
    }

    struct KCV: Decodable { let key, kcv: String }

    @Test(.enabled(if: ReferenceData.isPresent)) func keyCheckValues() throws {
        let vectors = try ReferenceData.vectors("aes_kcv", as: [KCV].self)
        #expect(vectors.count == 4)
        for vector in vectors { #expect(try aesKeyCheckValue(SecretBytes(copying: hex(vector.key))) == hex(vector.kcv)) }
    }
}
