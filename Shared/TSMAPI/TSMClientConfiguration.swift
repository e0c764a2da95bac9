import Foundation
import GlobalPlatform

/// What an SP app knows before its first call.
public struct TSMClientConfiguration: Sendable {
    /// `https://host:port/tsm-api/v1`.
    public var handsetURL: URL
    public var serviceProviderId: String
    /// Hash of the app's own certificate, hex (TR-03165: DeviceAppID).
    public var deviceAppId: String
    /// Issuer security domains that the handset's components may have, tried in order.
    public var issuerSecurityDomains: [AID]
    /// How often a request that got no answer is sent again before the call ends with category 3.
    public var retries: Int
    /// Where the registration gets its verdict on the device; nil: it carries none.
    public var deviceIntegrity: (any DeviceIntegritySource)?
    /// Told one line for each request to the TSM and each order that the secure component carried out, for an app that wants to show what happened after a
    /// problem: paths, statuses and counts; no token, no proof, no APDU. Called from any thread.
    public var log: (@Sendable (String) -> Void)?

    public init(handsetURL: URL, serviceProviderId: String, deviceAppId: String, issuerSecurityDomains: [AID], retries: Int = 2, deviceIntegrity: (any DeviceIntegritySource)? = nil,
                log: (@Sendable (String) -> Void)? = nil) {
        self.handsetURL = handsetURL
        self.serviceProviderId = serviceProviderId
        self.deviceAppId = deviceAppId
        self.issuerSecurityDomains = issuerSecurityDomains
        self.retries = retries
        self.deviceIntegrity = deviceIntegrity
        self.log = log
    }
}
