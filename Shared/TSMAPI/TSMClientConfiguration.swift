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
    /// Statement of the device's integrity service for the registration.
    public var integrityVerdict: String?

    public init(handsetURL: URL, serviceProviderId: String, deviceAppId: String, issuerSecurityDomains: [AID], retries: Int = 2, integrityVerdict: String? = nil) {
        self.handsetURL = handsetURL
        self.serviceProviderId = serviceProviderId
        self.deviceAppId = deviceAppId
        self.issuerSecurityDomains = issuerSecurityDomains
        self.retries = retries
        self.integrityVerdict = integrityVerdict
    }
}
