import Cryptography

/// How the key set of one card or security domain follows from a master key and its key diversification data.
public enum DiversificationScheme: String, Hashable, Sendable, CaseIterable, Codable {
    /// SP 800-108 in counter mode over AES-CMAC; keys as long as the master.
    case kdf3 = "KDF3"
    /// EMV Card Personalization Specification 1.1, two-key triple DES.
    case emvCPS11 = "EMV-CPS-1.1"
    /// VISA2, two-key triple DES.
    case visa2 = "VISA2"

    /// Key-ENC, Key-MAC and Key-DEK for 10 bytes of key diversification data.
    ///
    /// EMV and VISA2 take a 16-byte master and yield 16-byte keys; what protocol uses them is the caller's business.
    /// - Throws: `keyDiversificationDataLength`; `cryptography` for a master of the wrong length.
    public func keys(master: SecretBytes, keyDiversificationData data: [UInt8]) throws(SCP03Error) -> SCP03StaticKeys {
        guard data.count == 10 else { throw .keyDiversificationDataLength(data.count) }
        let derived: [SecretBytes]
        do throws(CryptographyError) {
            switch primitive {
            case .aesCMAC:
                let cmac = try AESCMAC(key: master)
                derived = try inputs(keyLength: master.count, data).map { (input: [UInt8]) throws(CryptographyError) in SecretBytes(consuming: try cmac.code(over: input)) }
            case .tripleDESECB:
                derived = try inputs(keyLength: master.count, data).map { (input: [UInt8]) throws(CryptographyError) in
                    SecretBytes(consuming: try TripleDES.encryptECB(input, key: master))
                }
            }
        } catch {
            throw .cryptography(error)
        }
        return try Self.assemble(derived, keyLength: master.count)
    }

    /// What a scheme computes with under the master key.
    public enum Primitive: Sendable, Hashable {
        /// 16 bytes for each input.
        case aesCMAC
        /// As many bytes as the input has, block by block.
        case tripleDESECB
    }

    public var primitive: Primitive {
        switch self {
        case .kdf3: .aesCMAC
        case .emvCPS11, .visa2: .tripleDESECB
        }
    }

    /// The same keys, where the master is out of reach: `compute` gives the primitive's output under it for each of several inputs.
    /// - Parameter masterLength: bytes in the master key.
    /// - Throws: `SCP03Error` as above, or what `compute` throws.
    public func keys(masterLength: Int, keyDiversificationData data: [UInt8], computing compute: ([[UInt8]]) throws -> [SecretBytes]) throws -> SCP03StaticKeys {
        guard data.count == 10 else { throw SCP03Error.keyDiversificationDataLength(data.count) }
        guard primitive == .aesCMAC || masterLength == 16 else {
            throw SCP03Error.cryptography(CryptographyError(.invalidKeyLength, "A two-key triple DES key has 16 bytes, not \(masterLength)"))
        }
        return try Self.assemble(try compute(inputs(keyLength: masterLength, data)), keyLength: masterLength)
    }

    /// What goes into the primitive for ENC, MAC and DEK, equally many for each.
    private func inputs(keyLength: Int, _ data: [UInt8]) -> [[UInt8]] {
        (1...3).flatMap { (identifier: UInt8) -> [[UInt8]] in
            switch self {
            // `counter | 00 00 00 k | 00 | data`, as many blocks as the key's length takes.
            case .kdf3: (1...max(1, (keyLength + 15) / 16)).map { [UInt8(truncatingIfNeeded: $0), 0, 0, 0, identifier, 0] + data }
            case .emvCPS11: [Self.tripleDESInput(identifier, Array(data[4...9]))]
            case .visa2: [Self.tripleDESInput(identifier, [data[0], data[1]] + data[4...7])]
            }
        }
    }

    private static func tripleDESInput(_ identifier: UInt8, _ selected: [UInt8]) -> [UInt8] { selected + [0xF0, identifier] + selected + [0x0F, identifier] }

    private static func assemble(_ outputs: [SecretBytes], keyLength: Int) throws(SCP03Error) -> SCP03StaticKeys {
        let blocks = outputs.count / 3
        func key(_ place: Int) -> SecretBytes {
            SecretBytes(count: keyLength) { buffer in
                for (index, output) in outputs[(place * blocks)..<((place + 1) * blocks)].enumerated() {
                    output.withUnsafeBytes { bytes in
                        let offset = index * output.count
                        for position in 0..<min(bytes.count, max(0, keyLength - offset)) { buffer[offset + position] = bytes[position] }
                    }
                }
            }
        }
        return try SCP03StaticKeys(enc: key(0), mac: key(1), dek: key(2))
    }
}
