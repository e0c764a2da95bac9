/// The device's integrity service, asked when the app registers with the TSM (TR-03165 4.2.2). What the verdict is worth is for the TSM to judge.
public protocol DeviceIntegritySource: Sendable {
    /// - Parameter deviceKeyThumbprint: RFC 7638 thumbprint of the key that the token will be bound to: a verdict should name it.
    /// - Throws: anything where the device cannot or must not be vouched for: the call then ends with category 20.
    func verdict(deviceKeyThumbprint: String) async throws -> String
}
