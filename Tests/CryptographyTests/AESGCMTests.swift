import Testing

@testable import Cryptography

@Suite struct AESGCMTests {
    static let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
    static let nonce = "cafebabefacedbaddecaf888"
    static let plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
    static let cipher = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"

    /// Test cases 13 to 16 of the GCM specification (McGrew, Viega), AES-256.
    static let vectors: [(key: String, nonce: String, plain: String, context: String, sealed: String)] = [
        (String(repeating: "00", count: 32), String(repeating: "00", count: 12), "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
        (String(repeating: "00", count: 32), String(repeating: "00", count: 12), String(repeating: "00", count: 16), "",
         "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
        (key, nonce, plain, "", cipher + "b094dac5d93471bdec1a502270e3cc6c"),
        (key, nonce, String(plain.prefix(120)), "feedfacedeadbeeffeedfacedeadbeefabaddad2", String(cipher.prefix(120)) + "76fc6ece0f4e1768cddf8853bb2d551b"),
    ]

    @Test(arguments: 0..<4) func knownAnswers(_ index: Int) throws {
        let vector = Self.vectors[index]
        let key = SecretBytes(copying: hex(vector.key))
        #expect(try AESGCM.encrypt(hex(vector.plain), key: key, nonce: hex(vector.nonce), context: hex(vector.context)) == hex(vector.sealed))
        #expect(try AESGCM.decrypt(hex(vector.sealed), key: key, nonce: hex(vector.nonce), context: hex(vector.context)) == hex(vector.plain))
    }

    @Test func sealsWithFreshNoncesAndOpensNothingAltered() throws {
        let key = try SecretBytes.random(count: 32, using: SystemRandom.forKeys)
        let plain: [UInt8] = Array("sealed at rest".utf8)
        let box = try AESGCM.seal(plain, key: key, context: [1, 2], using: SystemRandom())
        #expect(try AESGCM.seal(plain, key: key, context: [1, 2], using: SystemRandom()) != box)
        #expect(try AESGCM.open(box, key: key, context: [1, 2]) == plain)
        for index in box.indices {
            var altered = box
            altered[index] ^= 1
            #expect(code { _ = try AESGCM.open(altered, key: key, context: [1, 2]) } == .authenticationFailed)
        }
        #expect(code { _ = try AESGCM.open(box, key: key, context: [1]) } == .authenticationFailed)
        #expect(code { _ = try AESGCM.open(box, key: SecretBytes(copying: [UInt8](repeating: 0, count: 32)), context: [1, 2]) } == .authenticationFailed)
        for count in 0..<28 { #expect(code { _ = try AESGCM.open(Array(box.prefix(count)), key: key) } == .invalidInputLength) }
        #expect(code { _ = try AESGCM.encrypt(plain, key: key, nonce: [1, 2, 3]) } == .invalidInputLength)
        #expect(code { _ = try AESGCM.encrypt(plain, key: SecretBytes(copying: [1]), nonce: hex(Self.nonce)) } == .invalidKeyLength)
    }

    private func code(_ body: () throws -> Void) -> CryptographyError.Code? {
        do { try body() } catch { return (error as? CryptographyError)?.code }
        return nil
    }
}
