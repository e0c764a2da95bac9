import TrustedServiceModel

/// Decides on the device integrity verdict of a registration (TR-03165 4.2.2; category 20). Pluggable per deployment.
public protocol DeviceIntegrityCheck: Sendable {
    /// - Throws: `TSMFailure(.deviceIntegrityCheckFailed)`.
    func check(verdict: String?, deviceAppId: String, deviceKeyThumbprint: String) async throws(TSMFailure)
}

/// Accepts every device: for testbeds, and where the service provider's own token issuer judges devices.
public struct NoDeviceIntegrityCheck: DeviceIntegrityCheck {
    public init() {}
    public func check(verdict: String?, deviceAppId: String, deviceKeyThumbprint: String) async throws(TSMFailure) {}
}
