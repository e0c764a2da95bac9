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
        func key(_ identifier: UInt8) throws(SCP03Error) -> SecretBytes {
            try SCP03Error.wrapping { () throws(CryptographyError) in try self.key(identifier, master, data) }
        }
        return try SCP03StaticKeys(enc: try key(1), mac: try key(2), dek: try key(3))
    }

    private func key(_ identifier: UInt8, _ master: SecretBytes, _ data: [UInt8]) throws(CryptographyError) -> SecretBytes {
        switch self {
        case .kdf3:
            return try counterMode(identifier, master, data)
        case .emvCPS11:
            return try tripleDES(identifier, master, Array(data[4...9]))
        case .visa2:
            return try tripleDES(identifier, master, [data[0], data[1]] + data[4...7])
        }
    }

    /// `counter | 00 00 00 k | 00 | data` under the master, as many blocks as its length takes.
    private func counterMode(_ identifier: UInt8, _ master: SecretBytes, _ data: [UInt8]) throws(CryptographyError) -> SecretBytes {
        let cmac = try AESCMAC(key: master)
        let blocks = (master.count + 15) / 16
        let long = try SecretBytes(count: blocks * 16) { (output: UnsafeMutableRawBufferPointer) throws(CryptographyError) in
            for block in 0..<blocks {
                let input = [UInt8(block + 1), 0, 0, 0, identifier, 0] + data
                try input.withUnsafeBufferPointer { (message: UnsafeBufferPointer<UInt8>) throws(CryptographyError) in
                    try cmac.code(over: UnsafeRawBufferPointer(message), into: UnsafeMutableRawBufferPointer(rebasing: output[(block * 16)...]))
                }
            }
        }
        return long.withUnsafeBytes { SecretBytes(copying: $0.prefix(master.count)) }
    }

    private func tripleDES(_ identifier: UInt8, _ master: SecretBytes, _ selected: [UInt8]) throws(CryptographyError) -> SecretBytes {
        SecretBytes(consuming: try TripleDES.encryptECB(selected + [0xF0, identifier] + selected + [0x0F, identifier], key: master))
    }
}
