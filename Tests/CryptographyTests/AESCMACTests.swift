import TestMaterial
import Testing

@testable import Cryptography

@Suite struct AESCMACTests {
    /// NIST SP 800-38B, D.1 to D.3 (D.1 is RFC 4493): lengths 0, 16, 40, 64 of the common plaintext.
    static let codes: [[(Int, String)]] = [
        [(0, "bb1d6929e95937287fa37d129b756746"), (16, "070a16b46b4d4144f79bdd9dd04a287c"),
         (40, "dfa66747de9ae63030ca32611497c827"), (64, "51f0bebf7e3b9d92fc49741779363cfe")],
        [(0, "d17ddf46adaacde531cac483de7a9367"), (16, "9e99a7bf31e710900662f65e617c5184"),
         (40, "8a1de5be2eb31aad089a82e6ee908b0e"), (64, "a1d5df0eed790f794d77589659f39a11")],
        [(0, "028962f61b7bf89efc6b551f4667d983"), (16, "28a7023f452e8f82bd4bf28d8c37c35c"),
         (40, "aaf3d8f1de5640c232f5b169b9c911e6"), (64, "e1992190549f6ed5696a2c056c315410")],
    ]

    @Test(arguments: 0..<3) func knownCodes(_ size: Int) throws {
        let key = SecretBytes(copying: hex(AESTests.keys[size]))
        let cmac = try AESCMAC(key: key)
        for (count, code) in Self.codes[size] + Self.codes[size].reversed() {
            let message = Array(AESTests.plaintext.prefix(count))
            #expect(try cmac.code(over: message) == hex(code))
            #expect(try AESCMAC.code(over: message, key: key) == hex(code))
        }
    }

    struct Vector: Decodable { let key, message, mac: String }

    @Test(.enabled(if: ReferenceData.isPresent)) func recordedCodes() throws {
        let vectors = try ReferenceData.vectors("aes_cmac", as: [Vector].self)
        #expect(vectors.count == 3)
        for vector in vectors { #expect(try AESCMAC.code(over: hex(vector.message), key: SecretBytes(copying: hex(vector.key))) == hex(vector.mac)) }
    }

    /// However a message is cut, and however long: as the textbook computes it block by block.
    @Test func anyLengthAndAnyPieces() throws {
        var random = SeededRandom(seed: 2)
        let key = SecretBytes(copying: random.bytes(32))
        let cmac = try AESCMAC(key: key)
        for count in Array(0...70) + [1007, 1008, 1009, 1023, 1024, 1025, 1040, 2048, 5000] {
            let message = random.bytes(count)
            let expected = try textbook(message, key)
            #expect(try cmac.code(over: message) == expected, "length \(count)")
            var incremental = try IncrementalAESCMAC(key: key)
            var rest = message[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 0...40, using: &random))
                try incremental.update(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            let code = try incremental.finalize()
            #expect(code == expected, "length \(count) in pieces")
        }
    }

    private func textbook(_ message: [UInt8], _ key: SecretBytes) throws -> [UInt8] {
        func double(_ block: [UInt8]) -> [UInt8] {
            var result = (0..<16).map { index in block[index] << 1 | (index < 15 ? block[index + 1] >> 7 : 0) }
            if block[0] & 0x80 != 0 { result[15] ^= 0x87 }
            return result
        }
        let k1 = double(try AES.encryptECB([UInt8](repeating: 0, count: 16), key: key))
        var padded = message
        var subkey = k1
        if message.isEmpty || message.count % 16 != 0 {
            padded.append(0x80)
            while padded.count % 16 != 0 { padded.append(0) }
            subkey = double(k1)
        }
        var state = [UInt8](repeating: 0, count: 16)
        for start in stride(from: 0, to: padded.count, by: 16) {
            for index in 0..<16 { state[index] ^= padded[start + index] ^ (start + 16 == padded.count ? subkey[index] : 0) }
            state = try AES.encryptECB(state, key: key)
        }
        return state
    }

    /// One context used from many tasks at once.
    @Test func concurrentUse() async throws {
        let cmac = try AESCMAC(key: SecretBytes(copying: hex(AESTests.keys[0])))
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<200 {
                        for (count, code) in Self.codes[0] where try cmac.code(over: Array(AESTests.plaintext.prefix(count))) != hex(code) { return false }
                    }
                    return true
                }
            }
            for try await same in group { #expect(same) }
        }
    }

    @Test func needsRoomForTheCode() throws {
        let cmac = try AESCMAC(key: SecretBytes(copying: hex(AESTests.keys[0])))
        #expect(throws: CryptographyError.self) {
            try withUnsafeTemporaryAllocation(byteCount: 15, alignment: 1) { try cmac.code(over: UnsafeRawBufferPointer(start: nil, count: 0), into: $0) }
        }
    }
}
