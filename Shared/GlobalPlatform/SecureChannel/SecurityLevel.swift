/// The security level of an SCP03 session: P1 of EXTERNAL AUTHENTICATE (Amendment D, 7.1.2).
public struct SecurityLevel: OptionSet, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let commandMAC = SecurityLevel(rawValue: 0x01)
    public static let commandDecryption = SecurityLevel(rawValue: 0x02)
    public static let responseMAC = SecurityLevel(rawValue: 0x10)
    public static let responseEncryption = SecurityLevel(rawValue: 0x20)

    /// 03: commands encrypted and authentic, responses in the clear. The least that this suite uses.
    public static let commands: SecurityLevel = [.commandMAC, .commandDecryption]
    /// 13: level 03 and authentic responses.
    public static let commandsAndAuthenticResponses: SecurityLevel = [.commandMAC, .commandDecryption, .responseMAC]
    /// 33: everything.
    public static let full: SecurityLevel = [.commandMAC, .commandDecryption, .responseMAC, .responseEncryption]

    /// The six levels that the standard defines.
    public static let defined: [SecurityLevel] = [0x00, 0x01, 0x03, 0x11, 0x13, 0x33].map(SecurityLevel.init(rawValue:))

    /// 33, 13 or 03, whichever the card can do.
    public static func strongest(for parameter: SCP03Parameter) -> SecurityLevel {
        if parameter.supportsResponseEncryption { return .full }
        return parameter.supportsResponseMAC ? .commandsAndAuthenticResponses : .commands
    }

    /// Whether the standard defines the level and a card with this parameter offers it.
    public func isOffered(by parameter: SCP03Parameter) -> Bool {
        guard Self.defined.contains(self) else { return false }
        if contains(.responseEncryption) { return parameter.supportsResponseEncryption }
        return contains(.responseMAC) ? parameter.supportsResponseMAC : true
    }

    /// The most data that a plain command may carry at this level so that Lc stays within one byte.
    public func maximumPayload(_ parameter: SCP03Parameter) -> Int { room(255, contains(.commandMAC), contains(.commandDecryption), parameter) }

    /// The most data that a plain response may carry at this level so that 256 bytes suffice.
    public func maximumResponsePayload(_ parameter: SCP03Parameter) -> Int {
        room(256, contains(.responseMAC), contains(.responseEncryption), parameter)
    }

    private func room(_ total: Int, _ mac: Bool, _ encryption: Bool, _ parameter: SCP03Parameter) -> Int {
        let left = mac ? total - parameter.macLength : total
        // Padding takes one byte at least.
        return encryption ? left / 16 * 16 - 1 : left
    }

    /// Two lower-case hexadecimal digits.
    public var description: String { Hex.encode([rawValue]) }
}
