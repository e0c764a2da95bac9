/// The class byte of GPCS 2.3.1, 11.1.4: channels 0 to 3 in the first form (b2b1, secure messaging b4b3), 4 to 19 in the
/// further form (b7 set, secure messaging b6, channel less four in b4 to b1). b8 says whether the command is GlobalPlatform's own.
extension CommandAPDU {
    /// The channel that the class byte names; the basic channel (0) for classes that code none (20–3F, A0–BF, FF).
    public var logicalChannel: Int {
        if isFurtherClass { return Int(cla & 0x0F) + 4 }
        return isFirstClass ? Int(cla & 0x03) : 0
    }

    /// Whether the class byte announces secure messaging, GlobalPlatform's (04) or ISO's (08, 0C).
    public var isSecureMessaging: Bool {
        if isFurtherClass { return cla & 0x20 != 0 }
        return isFirstClass && cla & 0x0C != 0
    }

    /// Whether b8 marks the command as one of GlobalPlatform rather than of ISO/IEC 7816-4.
    public var isProprietaryClass: Bool { cla & 0x80 != 0 }

    /// The same command on another channel; secure messaging and b8 are kept.
    public func withChannel(_ channel: Int) throws(APDUError) -> CommandAPDU {
        guard (0...19).contains(channel) else { throw APDUError.channel(channel) }
        var command = self
        let proprietary = cla & 0x80
        if channel >= 4 {
            command.cla = proprietary | 0x40 | (isSecureMessaging ? 0x20 : 0) | UInt8(channel - 4)
        } else if isFirstClass {
            command.cla = cla & ~0x03 | UInt8(channel)
        } else {
            command.cla = proprietary | (isSecureMessaging ? 0x04 : 0) | UInt8(channel)
        }
        return command
    }

    /// The same command with GlobalPlatform's secure messaging announced or not; the channel is kept.
    public func withSecureMessaging(_ on: Bool) -> CommandAPDU {
        var command = self
        if isFurtherClass {
            command.cla = on ? cla | 0x20 : cla & ~0x20
        } else {
            command.cla = on ? cla & ~0x0C | 0x04 : cla & ~0x0C
        }
        return command
    }

    private var isFurtherClass: Bool { cla & 0x40 != 0 && cla != 0xFF }
    private var isFirstClass: Bool { cla & 0x60 == 0 }
}
