import Cryptography

/// SCP03's data derivation: SP 800-108 in counter mode over AES-CMAC (Amendment D, 4.1.5 and 6.2.1 to 6.2.3).
public enum SCP03KeyDerivation {
    /// The derivation constants of Amendment D, table 4-1.
    public enum Purpose: UInt8, Sendable {
        case cardCryptogram = 0x00
        case hostCryptogram = 0x01
        case cardChallenge = 0x02
        case sessionEnc = 0x04
        case sessionMac = 0x06
        case sessionResponseMac = 0x07
    }

    /// `count` bytes derived under `key` for `purpose` in `context`.
    public static func derive(_ purpose: Purpose, count: Int, key: SecretBytes, context: [UInt8]) throws(SCP03Error) -> SecretBytes {
        try SCP03Error.wrapping { () throws(CryptographyError) in
            try derive(purpose, count: count, cmac: try AESCMAC(key: key), context: context)
        }
    }

    static func derive(_ purpose: Purpose, count: Int, cmac: AESCMAC, context: [UInt8]) throws(CryptographyError) -> SecretBytes {
        // 11 zero bytes and the constant, the separator, L in bits, the block counter, the context.
        var input = [UInt8](repeating: 0, count: 11) + [purpose.rawValue, 0, UInt8((count * 8) >> 8), UInt8((count * 8) & 0xFF), 0] + context
        let blocks = (count + 15) / 16
        let long = try SecretBytes(count: blocks * 16) { (output: UnsafeMutableRawBufferPointer) throws(CryptographyError) in
            for block in 0..<blocks {
                input[15] = UInt8(block + 1)
                try input.withUnsafeBufferPointer { (message: UnsafeBufferPointer<UInt8>) throws(CryptographyError) in
                    try cmac.code(over: UnsafeRawBufferPointer(message), into: UnsafeMutableRawBufferPointer(rebasing: output[(block * 16)...]))
                }
            }
        }
        guard long.count != count else { return long }
        return long.withUnsafeBytes { SecretBytes(copying: $0.prefix(count)) }
    }

    /// The challenge that a card with `i & 10` will answer (Amendment D, 6.2.2.1): 8 or 16 bytes.
    /// - Parameters:
    ///   - sequenceCounter: as it will be after INITIALIZE UPDATE has advanced it, see `SequenceCounter.next`.
    ///   - securityDomain: the AID of the security domain that is selected.
    public static func pseudoRandomCardChallenge(
        keyEnc: SecretBytes, sequenceCounter: SequenceCounter, securityDomain: AID, parameter: SCP03Parameter
    ) throws(SCP03Error) -> [UInt8] {
        let challenge = try derive(
            .cardChallenge, count: parameter.challengeLength, key: keyEnc, context: sequenceCounter.bytes + securityDomain.bytes)
        return challenge.withUnsafeBytes { [UInt8]($0) }
    }

    /// S-ENC, S-MAC and S-RMAC for one pair of challenges.
    public static func sessionKeys(_ keys: SCP03StaticKeys, hostChallenge: [UInt8], cardChallenge: [UInt8]) throws(SCP03Error) -> SCP03SessionKeys {
        try SCP03Error.wrapping { () throws(CryptographyError) in
            let context = hostChallenge + cardChallenge
            let macBase = try AESCMAC(key: keys.mac)
            return SCP03SessionKeys(
                enc: try derive(.sessionEnc, count: keys.keyLength, cmac: try AESCMAC(key: keys.enc), context: context),
                mac: try derive(.sessionMac, count: keys.keyLength, cmac: macBase, context: context),
                rmac: try derive(.sessionResponseMac, count: keys.keyLength, cmac: macBase, context: context))
        }
    }

    /// The card's (`.cardCryptogram`) or host's (`.hostCryptogram`) proof of holding the keys: 8 or 16 bytes.
    static func cryptogram(
        _ purpose: Purpose, sessionMac: AESCMAC, hostChallenge: [UInt8], cardChallenge: [UInt8], parameter: SCP03Parameter
    ) throws(CryptographyError) -> [UInt8] {
        try derive(purpose, count: parameter.challengeLength, cmac: sessionMac, context: hostChallenge + cardChallenge).withUnsafeBytes { [UInt8]($0) }
    }
}

/// The keys of one session.
public struct SCP03SessionKeys: Sendable {
    /// S-ENC.
    public let enc: SecretBytes
    /// S-MAC.
    public let mac: SecretBytes
    /// S-RMAC.
    public let rmac: SecretBytes
}
