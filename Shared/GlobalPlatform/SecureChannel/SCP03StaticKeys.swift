import Cryptography

/// The three static AES keys of a key set (Amendment D, 6.1).
public struct SCP03StaticKeys: Equatable, Sendable {
    /// Key-ENC, key identifier 1.
    public let enc: SecretBytes
    /// Key-MAC, key identifier 2.
    public let mac: SecretBytes
    /// Key-DEK, key identifier 3.
    public let dek: SecretBytes

    /// - Throws: `keyLengths` unless all three have 16, 24 or 32 bytes alike.
    public init(enc: SecretBytes, mac: SecretBytes, dek: SecretBytes) throws(SCP03Error) {
        guard [16, 24, 32].contains(enc.count), mac.count == enc.count, dek.count == enc.count else {
            throw .keyLengths([enc.count, mac.count, dek.count])
        }
        self.enc = enc
        self.mac = mac
        self.dek = dek
    }

    /// Three fresh keys of 16, 24 or 32 bytes each.
    public static func random(keyLength: Int, using source: some RandomSource) throws(SCP03Error) -> SCP03StaticKeys {
        func key() throws(SCP03Error) -> SecretBytes {
            try SCP03Error.wrapping { () throws(CryptographyError) in try SecretBytes.random(count: keyLength, using: source) }
        }
        return try SCP03StaticKeys(enc: try key(), mac: try key(), dek: try key())
    }

    /// Bytes in each key: 16, 24 or 32.
    public var keyLength: Int { enc.count }

    /// In the order of the key identifiers: ENC, MAC, DEK.
    public var all: [SecretBytes] { [enc, mac, dek] }

    /// The check values of ENC, MAC and DEK, 3 bytes each.
    public func keyCheckValues() throws(SCP03Error) -> [[UInt8]] {
        try SCP03Error.wrapping { () throws(CryptographyError) in
            [try aesKeyCheckValue(enc), try aesKeyCheckValue(mac), try aesKeyCheckValue(dek)]
        }
    }

    /// Key data for PUT KEY or STORE DATA, encrypted under Key-DEK: AES-CBC from an initial value of zero (Amendment D, 6.2.8).
    /// 24-byte keys are filled up to whole blocks; the filling is arbitrary by the standard and zero here.
    public func encryptKeyData(_ key: SecretBytes) throws(SCP03Error) -> [UInt8] {
        try SCP03Error.wrapping { () throws(CryptographyError) in
            let cipher = try AESChainEncryptor(key: dek)
            let padded = (key.count + 15) / 16 * 16
            var result = [UInt8](repeating: 0, count: padded)
            key.withUnsafeBytes { key in result.withUnsafeMutableBytes { $0.copyMemory(from: key) } }
            try result.withUnsafeMutableBufferPointer { (buffer: inout UnsafeMutableBufferPointer<UInt8>) throws(CryptographyError) in
                try cipher.encryptInPlace(UnsafeMutableRawBufferPointer(buffer))
            }
            return result
        }
    }

    /// The card's side of `encryptKeyData`: `length` bytes of key, whatever the filling holds.
    public func decryptKeyData(_ encrypted: [UInt8], length: Int) throws(SCP03Error) -> SecretBytes {
        guard length > 0, encrypted.count == (length + 15) / 16 * 16 else { throw .encryptedKeyLength(encrypted.count) }
        return try SCP03Error.wrapping { () throws(CryptographyError) in
            let plain = SecretBytes(consuming: try AES.decryptCBC(encrypted, key: dek, iv: [UInt8](repeating: 0, count: AES.blockLength)))
            return plain.withUnsafeBytes { SecretBytes(copying: $0.prefix(length)) }
        }
    }
}
