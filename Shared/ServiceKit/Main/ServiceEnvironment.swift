import Foundation

/// The world outside a service's logic: clock, identifiers, randomness. Tests put their own in.
public struct ServiceEnvironment: Sendable {
    public var now: @Sendable () -> Date
    /// A fresh random UUID, as lower-case text.
    public var uuid: @Sendable () -> String
    /// Random bytes for identifiers and traces; keys and challenges come from the key vault.
    public var randomBytes: @Sendable (_ count: Int) -> [UInt8]

    public init(
        now: @escaping @Sendable () -> Date, uuid: @escaping @Sendable () -> String, randomBytes: @escaping @Sendable (_ count: Int) -> [UInt8]
    ) {
        self.now = now
        self.uuid = uuid
        self.randomBytes = randomBytes
    }

    /// The system's clock and random generator (getrandom(2) on Linux).
    public static let system = ServiceEnvironment(
        now: { Date() },
        uuid: { UUID().uuidString.lowercased() },
        randomBytes: { count in
            var generator = SystemRandomNumberGenerator()
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count)
            while bytes.count < count {
                // One system call gives eight bytes.
                withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0.prefix(count - bytes.count)) }
            }
            return bytes
        })
}
