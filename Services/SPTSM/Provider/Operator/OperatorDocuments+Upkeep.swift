import GlobalPlatform
import TrustedServiceModel

/// Wire types of what changes while the TSM runs.
extension OperatorAPI {
    /// Body of `PUT /service-providers/{id}`.
    public struct ServiceProviderName: Codable, Sendable, Hashable {
        public var name: String
        public init(name: String) { self.name = name }
    }

    /// Body of `POST /service-providers/{id}/aid-prefixes`.
    public struct NewAIDPrefix: Codable, Sendable, Hashable {
        /// 5 to 11 bytes.
        public var prefix: HexBytes
        public init(prefix: HexBytes) { self.prefix = prefix }
    }

    /// Body of `PUT /secure-component-profiles/{id}/removal`.
    public struct PlannedRemoval: Codable, Sendable, Hashable {
        /// When the profile may go; UTC, ISO 8601.
        public var effective: String
        /// For the service providers.
        public var message: String?
        /// Why the notice period is not kept; logged.
        public var override: String?

        public init(effective: String, message: String? = nil, override: String? = nil) {
            self.effective = effective
            self.message = message
            self.override = override
        }
    }

    public struct ProfileRecord: Codable, Sendable, Hashable {
        public var issuerId: String
        public var profile: SecureComponentProfile
        /// Absent: the profile stays.
        public var removal: PlannedRemoval?

        public init(issuerId: String, profile: SecureComponentProfile, removal: PlannedRemoval?) {
            self.issuerId = issuerId
            self.profile = profile
            self.removal = removal
        }
    }

    public struct NoticeRecord: Codable, Sendable, Hashable {
        public var notice: Notice
        /// Whom it concerned when it was made; empty for an addition, which everybody sees.
        public var serviceProviders: [String]
    }

    /// Body of `PUT /maintenance`.
    public struct NewMaintenance: Codable, Sendable, Hashable {
        public var mode: Maintenance.Mode
        /// At most 150 characters.
        public var message: String?

        public init(mode: Maintenance.Mode, message: String? = nil) {
            self.mode = mode
            self.message = message
        }
    }

    public struct LockoutRecord: Codable, Sendable, Hashable {
        /// `address` or `serviceProvider`.
        public var kind: String
        public var subject: String
        public var until: String
    }
}
