import Foundation
import Identity
import Logging
import TrustedServiceModel

/// Decides on the device integrity verdict of a registration (TR-03165 4.2.2; category 20). Pluggable per deployment.
public protocol DeviceIntegrityCheck: Sendable {
    /// - Throws: `TSMFailure(.deviceIntegrityCheckFailed)`.
    func check(verdict: String?, serviceProviderId: String, deviceAppId: String, deviceKeyThumbprint: String) async throws(TSMFailure)
}

/// Accepts every device: for testbeds, and where the service provider's own token issuer judges devices.
public struct NoDeviceIntegrityCheck: DeviceIntegrityCheck {
    public init() {}
    public func check(verdict: String?, serviceProviderId: String, deviceAppId: String, deviceKeyThumbprint: String) async throws(TSMFailure) {}
}

/// Accepts a device that its service provider's integrity service vouches for: by a verdict on this app and device key, of now, signed with a key that
/// the operator registered for this provider.
public struct SignedVerdictCheck: DeviceIntegrityCheck {
    private let catalogue: any Catalogue
    private let audience: String
    private let now: @Sendable () -> Date
    private let logger: Logger

    /// - Parameter audience: of handset tokens; a verdict names it.
    public init(catalogue: any Catalogue, audience: String, now: @escaping @Sendable () -> Date, logger: Logger) {
        self.catalogue = catalogue
        self.audience = audience
        self.now = now
        self.logger = logger
    }

    public func check(verdict: String?, serviceProviderId: String, deviceAppId: String, deviceKeyThumbprint: String) async throws(TSMFailure) {
        guard let verdict else { throw refused("the registration carries no verdict on the device", deviceAppId) }
        guard let keys = try await catalogue.deviceIntegrityKeys().first(where: { $0.serviceProviderId == serviceProviderId }) else {
            throw refused("the TSM knows no integrity service of this service provider; its operator has to register one", deviceAppId)
        }
        let judged: DeviceVerdict
        do throws(TokenError) {
            judged = try DeviceVerdictVerifier(audience: audience, keys: keys.jwks, maximumAge: TimeInterval(keys.maximumAge))
                .verify(verdict, deviceAppId: deviceAppId, deviceKeyThumbprint: deviceKeyThumbprint, now: now())
        } catch {
            throw refused("the verdict on the device is not accepted: \(error.reason)", deviceAppId)
        }
        guard judged.verdict == .pass else {
            logger.notice("a device was refused", metadata: ["app": "\(deviceAppId)", "reason": "\(judged.reason?.prefix(200) ?? "")"])
            throw TSMFailure(.deviceIntegrityCheckFailed, "the service provider's integrity service does not vouch for this device")
        }
    }

    private func refused(_ reason: String, _ app: String) -> TSMFailure {
        logger.notice("a verdict on a device was refused", metadata: ["app": "\(app)", "reason": "\(reason)"])
        return TSMFailure(.deviceIntegrityCheckFailed, reason)
    }
}
