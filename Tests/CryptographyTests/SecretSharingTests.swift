import Testing
@testable import Cryptography

@Suite struct SecretSharingTests {
    /// FIPS 197, 4.2 and 4.2.1.
    @Test func productsOfTheStandard() {
        #expect(SecretSharing.multiply(0x57, 0x83) == 0xC1)
        #expect(SecretSharing.multiply(0x57, 0x13) == 0xFE)
        #expect(SecretSharing.multiply(0x57, 0x10) == 0x07)
    }

    @Test func everyElementHasItsInverse() {
        #expect(SecretSharing.inverse(0) == 0)
        for value in 1...255 as ClosedRange<UInt8> {
            #expect(SecretSharing.multiply(value, SecretSharing.inverse(value)) == 1)
            #expect(SecretSharing.multiply(value, 1) == value && SecretSharing.multiply(value, 0) == 0)
        }
    }

    @Test(arguments: [(2, 2), (2, 3), (3, 5), (5, 8), (4, 255)]) func anyThresholdOfThem(threshold: Int, count: Int) throws {
        let secret = try SecretBytes.random(count: 48, using: SystemRandom.forKeys)
        let shares = try SecretSharing.split(secret, threshold: threshold, count: count, using: SystemRandom.forKeys)
        #expect(shares.map(\.abscissa) == (1...UInt8(count)).map { $0 })
        for _ in 0..<20 {
            let chosen = Array(shares.shuffled().prefix(threshold))
            #expect(try SecretSharing.combine(chosen) == secret)
            if threshold > 2 { #expect(try SecretSharing.combine(Array(chosen.dropLast())) != secret) }
        }
        if count <= 8 { #expect(try SecretSharing.combine(shares) == secret) }
    }

    /// Points of x -> 42 + 7x over the field, calculated by hand.
    @Test func aKnownLine() throws {
        let shares = [1, 2, 3].map { x in
            SecretSharing.Share(abscissa: UInt8(x), ordinates: SecretBytes(copying: [42 ^ [7, 14, 9][x - 1]]))
        }
        for pair in [[0, 1], [1, 2], [2, 0]] { #expect(try SecretSharing.combine(pair.map { shares[$0] }) == SecretBytes(copying: [42])) }
    }

    @Test func whatIsNoSetOfShares() throws {
        let secret = SecretBytes(copying: [1, 2, 3])
        for (threshold, count) in [(1, 3), (4, 3), (0, 0), (2, 256)] {
            #expect(throws: CryptographyError.self) { try SecretSharing.split(secret, threshold: threshold, count: count, using: SystemRandom.forKeys) }
        }
        #expect(throws: CryptographyError.self) { try SecretSharing.split(SecretBytes(copying: []), threshold: 2, count: 3, using: SystemRandom.forKeys) }
        let shares = try SecretSharing.split(secret, threshold: 2, count: 3, using: SystemRandom.forKeys)
        #expect(throws: CryptographyError.self) { try SecretSharing.combine([]) }
        #expect(throws: CryptographyError.self) { try SecretSharing.combine([shares[0]]) }
        #expect(throws: CryptographyError.self) { try SecretSharing.combine([shares[0], shares[0]]) }
        #expect(throws: CryptographyError.self) { try SecretSharing.combine([shares[0], SecretSharing.Share(abscissa: 2, ordinates: SecretBytes(copying: [1]))]) }
        #expect(throws: CryptographyError.self) { try SecretSharing.combine([shares[0], SecretSharing.Share(abscissa: 0, ordinates: secret)]) }
    }
}
