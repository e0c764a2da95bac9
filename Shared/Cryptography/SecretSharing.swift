/// Shamir's secret sharing over GF(2^8): any `threshold` of `count` shares give the secret, fewer say nothing about it.
///
/// The field is that of AES (x^8 + x^4 + x^3 + x + 1). Its arithmetic has neither tables nor branches that depend on secret bytes. Shares carry
/// no proof that they are right: whoever combines them must recognise the secret.
public enum SecretSharing {
    /// One point of every byte's polynomial; `abscissa` is public and never 0.
    public struct Share: Sendable, Equatable {
        public let abscissa: UInt8
        public let ordinates: SecretBytes

        public init(abscissa: UInt8, ordinates: SecretBytes) {
            self.abscissa = abscissa
            self.ordinates = ordinates
        }
    }

    /// Shares 1 to `count`.
    /// - Throws: `invalidInputLength` unless 2 ≤ threshold ≤ count ≤ 255 and there is a secret.
    public static func split(_ secret: SecretBytes, threshold: Int, count: Int, using random: some RandomSource) throws(CryptographyError) -> [Share] {
        guard threshold >= 2, threshold <= count, count <= 255, secret.count > 0 else {
            throw CryptographyError(.invalidInputLength, "\(threshold) of \(count) shares of \(secret.count) bytes: 2 or more of at most 255 are expected")
        }
        // Coefficients of x^1 … x^(threshold-1), a row for each.
        let coefficients = try SecretBytes.random(count: (threshold - 1) * secret.count, using: random)
        return (1...UInt8(count)).map { abscissa in
            Share(abscissa: abscissa, ordinates: SecretBytes(count: secret.count) { output in
                secret.withUnsafeBytes { secret in
                    coefficients.withUnsafeBytes { coefficients in
                        for place in 0..<secret.count {
                            var value: UInt8 = 0
                            for row in stride(from: threshold - 2, through: 0, by: -1) {
                                value = multiply(value ^ coefficients[row * secret.count + place], abscissa)
                            }
                            output[place] = value ^ secret[place]
                        }
                    }
                }
            })
        }
    }

    /// The value at 0 of the polynomials through these points: the secret, if the shares are right and enough.
    /// - Throws: `invalidInputLength` for fewer than two, for unequal lengths, for one share twice or one at 0.
    public static func combine(_ shares: [Share]) throws(CryptographyError) -> SecretBytes {
        guard shares.count >= 2, let length = shares.first?.ordinates.count, length > 0, shares.allSatisfy({ $0.ordinates.count == length && $0.abscissa != 0 }),
              Set(shares.map(\.abscissa)).count == shares.count
        else { throw CryptographyError(.invalidInputLength, "Two or more different shares of one length are expected") }
        // Abscissas are public; only ordinates are not.
        let weights = shares.map { share in
            shares.reduce(UInt8(1)) { $1.abscissa == share.abscissa ? $0 : multiply($0, multiply($1.abscissa, inverse($1.abscissa ^ share.abscissa))) }
        }
        return SecretBytes(count: length) { output in
            for (share, weight) in zip(shares, weights) {
                share.ordinates.withUnsafeBytes { ordinates in
                    for place in 0..<length { output[place] ^= multiply(ordinates[place], weight) }
                }
            }
        }
    }

    /// Product in the field, in the same steps whatever the factors are.
    static func multiply(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var (left, product) = (left, UInt8(0))
        for bit in 0..<8 as Range<UInt8> {
            product ^= left & (0 &- ((right >> bit) & 1))
            left = (left << 1) ^ (0x1B & (0 &- (left >> 7)))
        }
        return product
    }

    /// The 254th power: the inverse of every element but 0, whose power is 0.
    static func inverse(_ value: UInt8) -> UInt8 {
        var (power, result) = (value, UInt8(1))
        for _ in 0..<7 {
            power = multiply(power, power)
            result = multiply(result, power)
        }
        return result
    }
}
