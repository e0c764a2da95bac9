import Cryptography

/// The transformations that both ends of a session share (Amendment D, 6.2.4 to 6.2.7). Contexts are keyed once a session.
final class SecureMessaging: Sendable {
    let level: SecurityLevel
    let parameter: SCP03Parameter
    let commandMAC: AESCMAC
    private let responseMAC: AESCMAC
    private let encryptor: AESChainEncryptor
    private let decryptor: AESChainDecryptor

    /// Where data begins in a buffer that holds the MAC chaining value and a command's header before it.
    static let dataOffset = 21

    init(keys: SCP03SessionKeys, level: SecurityLevel, parameter: SCP03Parameter) throws(CryptographyError) {
        self.level = level
        self.parameter = parameter
        commandMAC = try AESCMAC(key: keys.mac)
        responseMAC = try AESCMAC(key: keys.rmac)
        encryptor = try AESChainEncryptor(key: keys.enc)
        decryptor = try AESChainDecryptor(key: keys.enc)
    }

    /// The class byte that enters the C-MAC: secure messaging announced, logical channel zero, whatever channel carries the command.
    static func classByte(_ cla: UInt8) -> UInt8 {
        cla & 0x40 != 0 ? cla & 0x90 | 0x04 : cla & 0xF0 | 0x04
    }

    /// Data as it travels, MAC included, and the next MAC chaining value.
    typealias Protected = (data: [UInt8], macChainingValue: MACChainingValue)

    /// Encrypts what is to be encrypted, and adds the MAC.
    func protect(
        _ command: CommandAPDU, encrypting: Bool, counter: UInt64, macChainingValue: MACChainingValue
    ) throws(CryptographyError) -> Protected {
        let plain = command.data
        let encrypts = encrypting && !plain.isEmpty
        let count = encrypts ? plain.count / 16 * 16 + 16 : plain.count
        let start = Self.dataOffset
        // MAC chaining value, header with Lc, data, full MAC. While encrypting, the counter block lies directly before the data.
        let length = start + count + AESCMAC.codeLength
        let outcome = withUnsafeTemporaryAllocation(byteCount: length, alignment: 16) { work -> Result<Protected, CryptographyError> in
            do throws(CryptographyError) {
                plain.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: work[start...]).copyMemory(from: $0) }
                if encrypts {
                    UnsafeMutableRawBufferPointer(rebasing: work[(start + plain.count)..<(start + count)]).initializeMemory(as: UInt8.self, repeating: 0)
                    work[start + plain.count] = 0x80
                    Self.writeCounter(counter, isResponse: false, to: UnsafeMutableRawBufferPointer(rebasing: work[(start - 16)..<start]))
                    try encryptor.encryptInPlace(UnsafeMutableRawBufferPointer(rebasing: work[(start - 16)..<(start + count)]))
                }
                macChainingValue.store(to: work)
                work[16] = Self.classByte(command.cla)
                work[17] = command.ins
                work[18] = command.p1
                work[19] = command.p2
                work[20] = UInt8(truncatingIfNeeded: count + parameter.macLength)
                let code = UnsafeMutableRawBufferPointer(rebasing: work[(start + count)...])
                try commandMAC.code(over: UnsafeRawBufferPointer(rebasing: work[..<(start + count)]), into: code)
                return .success((Array(work[start..<(start + count + parameter.macLength)]), MACChainingValue(UnsafeRawBufferPointer(code))))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// The full C-MAC of a command whose `data` ends with one, for the card's end to compare.
    func expectedMAC(of command: CommandAPDU, macChainingValue: [UInt8]) throws(CryptographyError) -> [UInt8] {
        let header = [Self.classByte(command.cla), command.ins, command.p1, command.p2, UInt8(truncatingIfNeeded: command.data.count)]
        return try commandMAC.code(over: macChainingValue + header + command.data.dropLast(parameter.macLength))
    }

    /// The R-MAC, as long as it travels.
    func responseMAC(data: [UInt8], statusWord: StatusWord, macChainingValue: [UInt8]) throws(CryptographyError) -> [UInt8] {
        Array(try responseMAC.code(over: macChainingValue + data + statusWord.bytes).prefix(parameter.macLength))
    }

    /// Pads and encrypts a response; for the card's end.
    func encryptResponse(_ data: [UInt8], counter: UInt64) throws(CryptographyError) -> [UInt8] {
        var work = [UInt8](repeating: 0, count: 16 + data.count / 16 * 16 + 16)
        try work.withUnsafeMutableBufferPointer { (buffer: inout UnsafeMutableBufferPointer<UInt8>) throws(CryptographyError) in
            let work = UnsafeMutableRawBufferPointer(buffer)
            Self.writeCounter(counter, isResponse: true, to: work)
            UnsafeMutableRawBufferPointer(rebasing: work[16...]).copyBytes(from: data)
            work[16 + data.count] = 0x80
            try encryptor.encryptInPlace(work)
        }
        return Array(work[16...])
    }

    /// Decrypts and removes the padding; nil if that is not `80 00…`. The length must be a positive number of blocks.
    func decrypt(_ data: [UInt8], counter: UInt64, isResponse: Bool) throws(CryptographyError) -> [UInt8]? {
        guard !data.isEmpty, data.count.isMultiple(of: 16) else { return nil }
        var work = [UInt8](repeating: 0, count: 16 + data.count)
        try work.withUnsafeMutableBufferPointer { (buffer: inout UnsafeMutableBufferPointer<UInt8>) throws(CryptographyError) in
            let work = UnsafeMutableRawBufferPointer(buffer)
            Self.writeCounter(counter, isResponse: isResponse, to: work)
            try encryptor.encryptInPlace(UnsafeMutableRawBufferPointer(rebasing: work[..<16]))
            UnsafeMutableRawBufferPointer(rebasing: work[16...]).copyBytes(from: data)
            try decryptor.decryptInPlace(afterInitialValue: work)
        }
        guard let end = work.lastIndex(where: { $0 != 0 }), end >= work.count - 16, end >= 16, work[end] == 0x80 else { return nil }
        return Array(work[16..<end])
    }

    private static func writeCounter(_ counter: UInt64, isResponse: Bool, to block: UnsafeMutableRawBufferPointer) {
        // Amendment D, 6.2.7: the most significant byte keeps responses' initial values apart from commands'.
        block.storeBytes(of: (isResponse ? 0x80 << 56 : UInt64(0)).bigEndian, as: UInt64.self)
        block.storeBytes(of: counter.bigEndian, toByteOffset: 8, as: UInt64.self)
    }
}
