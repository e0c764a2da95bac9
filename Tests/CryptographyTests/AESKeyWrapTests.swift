import TestMaterial
import Testing

@testable import Cryptography

@Suite struct AESKeyWrapTests {
    /// RFC 3394, 4.1 to 4.6: bytes of wrapping key, bytes of key data, result.
    static let vectors: [(Int, Int, String)] = [
        (16, 16, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"),
        (24, 16, "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"),
        (32, 16, "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"),
        (24, 24, "031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2"),
        (32, 24, "a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1"),
        (32, 32, "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"),
    ]

    @Test(arguments: vectors) func rfc3394(_ vector: (Int, Int, String)) throws {
        let wrappingKey = SecretBytes(copying: (0..<vector.0).map { UInt8($0) })
        let key = SecretBytes(copying: hex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f").prefix(vector.1))
        #expect(try AESKeyWrap.wrap(key, under: wrappingKey) == hex(vector.2))
        #expect(try AESKeyWrap.unwrap(hex(vector.2), under: wrappingKey) == key)
    }

    struct Vector: Decodable { let alg, kek, plain, wrapped: String }

    @Test(.enabled(if: ReferenceData.isPresent)) func recordedVectors() throws {
        let vectors = try ReferenceData.vectors("key_wrap", as: [Vector].self)
        #expect(vectors.count == 2)
        for vector in vectors {
            let (kek, plain) = (SecretBytes(copying: hex(vector.kek)), SecretBytes(copying: hex(vector.plain)))
            if vector.alg.contains("KWP") {
                #expect(try AESKeyWrap.wrapWithPadding(plain, under: kek) == hex(vector.wrapped))
                #expect(try AESKeyWrap.unwrapWithPadding(hex(vector.wrapped), under: kek) == plain)
            } else {
                #expect(try AESKeyWrap.wrap(plain, under: kek) == hex(vector.wrapped))
                #expect(try AESKeyWrap.unwrap(hex(vector.wrapped), under: kek) == plain)
            }
        }
    }

    /// RFC 5649, 6: seven bytes.
    @Test func rfc5649Short() throws {
        let kek = SecretBytes(copying: hex("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8"))
        let key = SecretBytes(copying: hex("466f7250617369"))
        #expect(try AESKeyWrap.wrapWithPadding(key, under: kek) == hex("afbeb0f07dfbf5419200f2ccb50bb24f"))
        #expect(try AESKeyWrap.unwrapWithPadding(hex("afbeb0f07dfbf5419200f2ccb50bb24f"), under: kek) == key)
    }

    @Test func alteredValuesAndOtherKeysDoNotVerify() throws {
        let kek = SecretBytes(copying: (0..<32).map { UInt8($0) })
        let wrapped = try AESKeyWrap.wrap(SecretBytes(copying: [UInt8](repeating: 5, count: 24)), under: kek)
        for index in wrapped.indices {
            var altered = wrapped
            altered[index] ^= 1
            #expect(code { _ = try AESKeyWrap.unwrap(altered, under: kek) } == .authenticationFailed)
        }
        #expect(code { _ = try AESKeyWrap.unwrap(wrapped, under: SecretBytes(copying: (1..<33).map { UInt8($0) })) } == .authenticationFailed)
    }

    @Test func refusesOtherLengths() throws {
        let kek = SecretBytes(copying: (0..<32).map { UInt8($0) })
        for count in [0, 8, 15, 17, 23] {
            #expect(code { _ = try AESKeyWrap.wrap(SecretBytes(copying: [UInt8](repeating: 0, count: count)), under: kek) } == .invalidInputLength)
            #expect(code { _ = try AESKeyWrap.unwrap([UInt8](repeating: 0, count: count), under: kek) } == .invalidInputLength)
        }
        #expect(code { _ = try AESKeyWrap.wrapWithPadding(SecretBytes(copying: []), under: kek) } == .invalidInputLength)
        #expect(code { _ = try AESKeyWrap.unwrapWithPadding([1, 2, 3], under: kek) } == .invalidInputLength)
    }

    private func code(_ body: () throws -> Void) -> CryptographyError.Code? {
        do { try body() } catch { return (error as? CryptographyError)?.code }
        return nil
    }
}
