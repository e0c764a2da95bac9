/// A release of a Service (TR-03165 4.1.4.3), named by its tag.
public struct Version: Codable, Sendable, Hashable {
    /// `<Major>.<Minor>.<Revision>`, one to three digits each; supplied by the client, unique within the Service.
    public var tag: String
    public var serviceId: String
    /// Flavor ID → IDs of SecureComponentProfiles; a profile occurs at most once in the whole map.
    public var allowedDeployments: [String: [String]]

    public init(tag: String, serviceId: String, allowedDeployments: [String: [String]]) {
        self.tag = tag
        self.serviceId = serviceId
        self.allowedDeployments = allowedDeployments
    }
}
