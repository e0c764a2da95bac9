import Cryptography
import GlobalPlatform

/// A custodian's share of a vault's root key: with `threshold` of the `count` shares of one set the key comes back, with fewer nothing is known of it.
///
/// What is shared is the key and a code over it, so that a wrong share shows when shares are put together, and nothing is opened with a wrong key.
/// As text a share ends in a checksum against mistyping.
public struct RootKeyShare: Sendable, Equatable {
    public static let maximumCount = 32
    static let prefix = "tsms-share-1"
    private static let codeLength = 16
    private static let keyLength = 32

    /// Eight random bytes: shares of different sets do not go together.
    public let set: [UInt8]
    public let threshold: Int
    public let count: Int
    /// 1 to `count`.
    public let number: Int
    private let ordinates: SecretBytes

    /// Splits a root key of 32 bytes.
    /// - Throws: `CryptographyError` unless 2 ≤ threshold ≤ count ≤ 32.
    public static func split(_ key: SecretBytes, threshold: Int, count: Int, using random: some RandomSource) throws(CryptographyError) -> [RootKeyShare] {
        guard key.count == keyLength, count <= maximumCount else {
            throw CryptographyError(.invalidInputLength, "A root key of \(keyLength) bytes and at most \(maximumCount) shares are expected")
        }
        let set = try random.bytes(8)
        let code = try code(key, set, threshold, count)
        let secret = SecretBytes(count: keyLength + codeLength) { buffer in
            key.withUnsafeBytes { buffer.copyMemory(from: $0) }
            code.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[keyLength...]).copyMemory(from: $0) }
        }
        return try SecretSharing.split(secret, threshold: threshold, count: count, using: random).map {
            RootKeyShare(set: set, threshold: threshold, count: count, number: Int($0.abscissa), ordinates: $0.ordinates)
        }
    }

    /// The root key.
    /// - Throws: `KeyVaultError` `invalidRequest` for too few shares, shares of different sets, one share twice, or when one of them is wrong.
    public static func combine(_ shares: [RootKeyShare]) throws(KeyVaultError) -> SecretBytes {
        guard let first = shares.first, shares.allSatisfy({ $0.set == first.set && $0.threshold == first.threshold && $0.count == first.count }) else {
            throw KeyVaultError(.invalidRequest, "shares of one set are expected: these are of different ceremonies")
        }
        guard shares.count >= first.threshold, Set(shares.map(\.number)).count == shares.count else {
            throw KeyVaultError(.invalidRequest, "\(first.threshold) different shares are needed, \(Set(shares.map(\.number)).count) are given")
        }
        do {
            let points = shares.map { SecretSharing.Share(abscissa: UInt8(truncatingIfNeeded: $0.number), ordinates: $0.ordinates) }
            let secret = try SecretSharing.combine(points)
            let (key, found) = secret.withUnsafeBytes { (SecretBytes(copying: $0.prefix(keyLength)), SecretBytes(copying: $0.dropFirst(keyLength))) }
            guard try code(key, first.set, first.threshold, first.count) == found else {
                throw KeyVaultError(.invalidRequest, "these shares do not make the root key: at least one of them is not as it was given out")
            }
            return key
        } catch let error as KeyVaultError {
            throw error
        } catch {
            throw KeyVaultError(.invalidRequest, "these shares cannot be put together")
        }
    }

    private static func code(_ key: SecretBytes, _ set: [UInt8], _ threshold: Int, _ count: Int) throws(CryptographyError) -> SecretBytes {
        let code = SecretBytes(consuming: try HMACSHA256.code(over: Array("tsms root key shares 1".utf8) + set + [UInt8(truncatingIfNeeded: threshold), UInt8(truncatingIfNeeded: count)], key: key))
        return code.withUnsafeBytes { SecretBytes(copying: $0.prefix(codeLength)) }
    }

    private init(set: [UInt8], threshold: Int, count: Int, number: Int, ordinates: SecretBytes) {
        self.set = set
        self.threshold = threshold
        self.count = count
        self.number = number
        self.ordinates = ordinates
    }

    /// The share as a custodian keeps it: secret.
    public func text() throws(CryptographyError) -> String {
        let body = set + [UInt8(truncatingIfNeeded: threshold), UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: number)] + ordinates.withUnsafeBytes { [UInt8]($0) }
        let digits = Hex.encode(body + (try Self.checksum(body)))
        let groups = stride(from: 0, to: digits.utf8.count, by: 8).map { String(digits.dropFirst($0).prefix(8)) }
        return "\(Self.prefix):" + groups.joined(separator: "-")
    }

    /// Reads a share; spaces, hyphens and line ends within it do not matter.
    /// - Throws: `KeyVaultError` `invalidRequest`; the message never has any of the text.
    public init(text: String) throws(KeyVaultError) {
        guard text.utf8.count < 1000 else { throw KeyVaultError(.invalidRequest, "that is no share") }
        let compact = text.filter { !$0.isWhitespace && $0 != "-" }
        let name = Self.prefix.filter { $0 != "-" } + ":"
        guard compact.hasPrefix(name) else { throw KeyVaultError(.invalidRequest, "a share begins with \(Self.prefix):") }
        guard let bytes = try? Hex.decode(compact.dropFirst(name.count)), bytes.count == 11 + Self.keyLength + Self.codeLength + 4 else {
            throw KeyVaultError(.invalidRequest, "the share is not complete, or has characters that are no hexadecimal digits")
        }
        let body = Array(bytes.dropLast(4))
        guard let checksum = try? Self.checksum(body), constantTimeEqual(checksum, bytes.suffix(4)) else {
            throw KeyVaultError(.invalidRequest, "the share is mistyped: its checksum is wrong")
        }
        (threshold, count, number) = (Int(body[8]), Int(body[9]), Int(body[10]))
        guard threshold >= 2, threshold <= count, count <= Self.maximumCount, (1...count).contains(number) else {
            throw KeyVaultError(.invalidRequest, "the share says of itself that it is \(number) of \(count), of which \(threshold) are needed")
        }
        set = Array(body[..<8])
        ordinates = SecretBytes(copying: body[11...])
    }

    private static func checksum(_ body: [UInt8]) throws(CryptographyError) -> [UInt8] { Array(try HashFunction.sha256.digest(of: body).prefix(4)) }
}

extension RootKeyShare: CustomStringConvertible {
    /// Never the share itself.
    public var description: String { "share \(number) of \(count) (set \(Hex.encode(set)))" }
}
