import Foundation

/// A piece of configuration that refers to something outside the file: certificates, keys, directories. Each such
/// piece anywhere in a configuration is checked at start and by `--check-config`; the caller puts the key's path before the message.
public protocol CheckedConfiguration: Sendable {
    /// - Throws: anything that describes itself; what is wrong and what to do.
    func check(_ conditions: CheckConditions) throws
}

/// Under which a configuration is checked.
public struct CheckConditions: Sendable {
    public let now: Date
    /// Whether test certificates are accepted (`--testbed`).
    public let testbed: Bool

    public init(now: Date, testbed: Bool) {
        self.now = now
        self.testbed = testbed
    }
}
