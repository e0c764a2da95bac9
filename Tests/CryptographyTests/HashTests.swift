import Testing

@testable import Cryptography

@Suite struct HashTests {
    /// FIPS 180-4 examples: the empty message, "abc", and 448 bits.
    static let messages: [[UInt8]] = [[], Array("abc".utf8), Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)]
    static let digests: [(HashFunction, [String])] = [
        (.sha1, ["da39a3ee5e6b4b0d3255bfef95601890afd80709", "a9993e364706816aba3e25717850c26c9cd0d89d", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"]),
        (.sha256, [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ]),
        (.sha384, [
            "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            "3391fdddfc8dc7393707a65b1b4709397cf8b1d162af05abfe8f450de5f36bc6b0455a8520bc4e6f5fe95b1fe3c8452b",
        ]),
    ]

    @Test(arguments: 0..<3) func knownDigests(_ index: Int) throws {
        let (function, expected) = Self.digests[index]
        for (message, digest) in zip(Self.messages, expected) {
            #expect(try function.digest(of: message) == hex(digest))
            #expect(function.digestLength == hex(digest).count)
        }
    }

    @Test func inPieces() throws {
        var random = SeededRandom(seed: 3)
        let message = random.bytes(10_000)
        var incremental = try IncrementalSHA256()
        var rest = message[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 0...300, using: &random))
            try incremental.update(piece)
            rest = rest.dropFirst(piece.count)
        }
        let digest = try incremental.finalize()
        #expect(try digest == HashFunction.sha256.digest(of: message))
    }

    /// RFC 4231, 4.2 to 4.8 (5 is truncated to 128 bits).
    static let codes: [(key: [UInt8], message: [UInt8], code: String)] = [
        ([UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (Array("Jefe".utf8), Array("what do ya want for nothing?".utf8), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        ([UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        ((1...25).map { UInt8($0) }, [UInt8](repeating: 0xCD, count: 50), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        ([UInt8](repeating: 0x0C, count: 20), Array("Test With Truncation".utf8), "a3b6167473100ee06e0c796c2955552b"),
        ([UInt8](repeating: 0xAA, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        ([UInt8](repeating: 0xAA, count: 131),
         Array("This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.".utf8),
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ]

    @Test(arguments: 0..<7) func hmac(_ index: Int) throws {
        let vector = Self.codes[index]
        let key = SecretBytes(copying: vector.key)
        let code = try HMACSHA256.code(over: vector.message, key: key)
        #expect(Array(code.prefix(hex(vector.code).count)) == hex(vector.code))
        #expect(try HMACSHA256.isValid(code, over: vector.message, key: key))
        #expect(try !HMACSHA256.isValid(code, over: vector.message + [0], key: key))
    }

    /// RFC 5869, A.1 to A.3.
    @Test func hkdf() throws {
        let short = SecretBytes(copying: [UInt8](repeating: 0x0B, count: 22))
        let first = try HKDFSHA256.deriveKey(from: short, salt: hex("000102030405060708090a0b0c"), info: hex("f0f1f2f3f4f5f6f7f8f9"), count: 42)
        #expect(first == SecretBytes(copying: hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")))
        let second = try HKDFSHA256.deriveKey(
            from: SecretBytes(copying: (0x00...0x4F).map { UInt8($0) }), salt: (0x60...0xAF).map { UInt8($0) }, info: (0xB0...0xFF).map { UInt8($0) }, count: 82)
        #expect(second == SecretBytes(copying: hex("""
            b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71
            cc30c58179ec3e87c14c01d5c1f3434f1d87
            """)))
        let third = try HKDFSHA256.deriveKey(from: short, info: [], count: 42)
        #expect(third == SecretBytes(copying: hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")))
        #expect(throws: CryptographyError.self) { try HKDFSHA256.deriveKey(from: short, info: [], count: 0) }
        #expect(throws: CryptographyError.self) { try HKDFSHA256.deriveKey(from: short, info: [], count: 8161) }
        #expect(try HKDFSHA256.deriveKey(from: short, info: [], count: 8160).count == 8160)
    }

    /// NIST SP 800-67 / FIPS 46-3: with both halves alike it is single DES ("Now is t", 0123456789abcdef).
    @Test func tripleDES() throws {
        let single = SecretBytes(copying: hex("0123456789abcdef0123456789abcdef"))
        #expect(try TripleDES.encryptECB(Array("Now is the time for all ".utf8), key: single) == hex("3fa40e8a984d48156a271787ab8883f9893d51ec4b563b53"))
        #expect(throws: CryptographyError.self) { try TripleDES.encryptECB([1, 2, 3], key: single) }
        #expect(throws: CryptographyError.self) { try TripleDES.encryptECB([], key: SecretBytes(copying: hex("0123456789abcdef"))) }
    }
}
