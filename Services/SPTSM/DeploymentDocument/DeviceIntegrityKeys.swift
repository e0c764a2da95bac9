import Identity

/// Keys with which a service provider's integrity service signs what it says of devices (TR-03165 4.2.2).
public struct DeviceIntegrityKeys: Codable, Sendable, Hashable {
    public var serviceProviderId: String
    public var jwks: JSONWebKeySet
    /// Of a verdict, seconds.
    public var maximumAge: Int

    public init(serviceProviderId: String, jwks: JSONWebKeySet, maximumAge: Int) {
        self.serviceProviderId = serviceProviderId
        self.jwks = jwks
        self.maximumAge = maximumAge
    }
}
