import Testing

@testable import Cryptography

@Suite struct SecretBytesTests {
    @Test func neverShowsItsBytes() {
        let key = SecretBytes(copying: hex("000102030405060708090a0b0c0d0e0f"))
        #expect("\(key)" == "SecretBytes(16)")
        #expect(String(reflecting: key) == "SecretBytes(16)")
        var dumped = ""
        dump(key, to: &dumped)
        #expect(dumped.contains("SecretBytes(16)"))
        #expect(!dumped.contains("storage"))
    }

    @Test func comparesByContent() {
        let bytes = hex("000102030405060708090a0b0c0d0e0f")
        #expect(SecretBytes(copying: bytes) == SecretBytes(consuming: bytes))
        #expect(SecretBytes(copying: bytes) != SecretBytes(copying: bytes.dropLast()))
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 0x80
            #expect(SecretBytes(copying: bytes) != SecretBytes(copying: other))
        }
        #expect(SecretBytes(copying: []) == SecretBytes(copying: []))
    }

    @Test func copiesWhatIsSharedAndKeepsIt() {
        let bytes = hex("a1a2a3")
        let key = SecretBytes(consuming: bytes)
        #expect(bytes == hex("a1a2a3"))
        #expect(key.withUnsafeBytes { Array($0) } == bytes)
        #expect(key.count == 3)
    }

    @Test func initialisesInPlaceAndPassesErrorsOn() throws {
        let key = SecretBytes(count: 4) { $0[1] = 7 }
        #expect(key.withUnsafeBytes { Array($0) } == [0, 7, 0, 0])
        #expect(throws: CryptographyError(.invalidEncoding, "x")) {
            _ = try SecretBytes(count: 4) { (_: UnsafeMutableRawBufferPointer) throws(CryptographyError) in throw CryptographyError(.invalidEncoding, "x") }
        }
    }

    @Test func randomBytesHaveTheirLengthAndDiffer() throws {
        for source in [SystemRandom(), SystemRandom.forKeys] {
            #expect(try source.bytes(0).isEmpty)
            #expect(try source.bytes(33).count == 33)
            #expect(try source.bytes(16) != source.bytes(16))
            #expect(throws: CryptographyError.self) { try source.bytes(-1) }
            #expect(throws: CryptographyError.self) { try source.bytes(Int(Int32.max)) }
            #expect(try SecretBytes.random(count: 24, using: source).count == 24)
        }
    }

    @Test func constantTimeComparison() {
        #expect(constantTimeEqual([1, 2, 3], [1, 2, 3]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2, 4]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2]))
        #expect(constantTimeEqual([], []))
        #expect(constantTimeEqual([9, 1, 2].dropFirst(), [1, 2]))
    }
}
