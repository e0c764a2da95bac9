import GlobalPlatform

/// The device app on whose behalf channels are opened: the hash of the certificate that signed it (TR-03165 DeviceAppID; GPD_SPE_013, C1).
public struct DeviceAppID: Hashable, Sendable, CustomStringConvertible {
    /// 20 bytes (SHA-1) or 32 bytes (SHA-256).
    public let bytes: [UInt8]

    public init(_ bytes: some Sequence<UInt8>) throws(DeviceAppIDError) {
        let bytes = Array(bytes)
        guard bytes.count == 20 || bytes.count == 32 else { throw .length(bytes.count) }
        self.bytes = bytes
    }

    /// Reads digits of either case.
    public init(hex: some StringProtocol) throws(DeviceAppIDError) {
        let bytes: [UInt8]
        do { bytes = try Hex.decode(hex) } catch { throw .notHexadecimal(error) }
        try self.init(bytes)
    }

    public var description: String { Hex.encode(bytes) }
}

/// Why bytes are no DeviceAppID.
public enum DeviceAppIDError: Error, Hashable, Sendable, CustomStringConvertible {
    case length(Int)
    case notHexadecimal(HexError)

    public var code: String {
        switch self {
        case .length: "device-app-id-length"
        case .notHexadecimal: "device-app-id-not-hexadecimal"
        }
    }

    public var description: String {
        switch self {
        case .length(let count): "a DeviceAppID has 20 or 32 bytes, not \(count)"
        case .notHexadecimal(let error): "a DeviceAppID is written in hexadecimal: \(error)"
        }
    }
}
