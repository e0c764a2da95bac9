/// Requests of the calls that come after a deployment, and of the checks before one.
extension HandsetAPI {
    public struct UpdateRequest: Codable, Sendable, Hashable {
        /// A concrete tag.
        public var newVersion: String
        public var serviceCommands: [ServiceCommand]
        public var finalizeDeployment: Bool
        public var handshake: Handshake

        public init(newVersion: String, serviceCommands: [ServiceCommand], finalizeDeployment: Bool, handshake: Handshake) {
            self.newVersion = newVersion
            self.serviceCommands = serviceCommands
            self.finalizeDeployment = finalizeDeployment
            self.handshake = handshake
        }
    }

    public struct SuspensionRequest: Codable, Sendable, Hashable {
        /// True: suspend; false: resume.
        public var suspensionControl: Bool
        public var handshake: Handshake

        public init(suspensionControl: Bool, handshake: Handshake) {
            self.suspensionControl = suspensionControl
            self.handshake = handshake
        }
    }

    public struct DeploymentCheckRequest: Codable, Sendable, Hashable {
        public var serviceId: String
        /// A tag or a pattern, see ``VersionPattern``.
        public var version: String
        public var handshake: Handshake

        public init(serviceId: String, version: String, handshake: Handshake) {
            self.serviceId = serviceId
            self.version = version
            self.handshake = handshake
        }
    }

    public struct UpdateCheckRequest: Codable, Sendable, Hashable {
        /// A tag or a pattern, see ``VersionPattern``.
        public var newVersion: String
        public var handshake: Handshake

        public init(newVersion: String, handshake: Handshake) {
            self.newVersion = newVersion
            self.handshake = handshake
        }
    }
}
