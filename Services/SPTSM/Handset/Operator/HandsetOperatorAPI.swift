import TrustedServiceModel

/// Wire types of the handset plane's operator listener (`/operator/v1`, docs/handset-operator-api.yaml).
public enum HandsetOperatorAPI {
    /// A part of a list, the newest first. `next` is what `after` has to be for the part behind it; absent: this is the last.
    public struct Page<Item: Codable & Sendable & Hashable>: Codable, Sendable, Hashable {
        public var items: [Item]
        public var next: Int?
    }

    public enum ProcessKind: String, Codable, Sendable, CaseIterable { case deploy, update, suspend, resume, terminate }

    public enum ProcessStage: String, Codable, Sendable, CaseIterable {
        /// Its secure component has to prove itself.
        case proving
        /// What the component holds is being read, since it was not known.
        case reconciling
        case running
        /// What a failed deployment left is being taken back.
        case cleaningUp
        case ended
    }

    public struct Process: Codable, Sendable, Hashable {
        public var id: String
        public var kind: ProcessKind
        public var stage: ProcessStage
        public var serviceProviderId: String
        public var deviceAppId: String
        /// RFC 7638.
        public var deviceKeyThumbprint: String
        public var serviceInstanceId: String
        /// Absent once the instance is no more.
        public var serviceId: String?
        public var componentId: String?
        public var began: String
        /// Of the last contact, and its lease; past for a process that ended.
        public var leaseExpires: String
        public var orders: Int
        public var reports: Int
        /// TSM-API category, once it has ended.
        public var executionStatus: Int?
        public var executionMessage: String?
    }

    /// One line of a process's journal, without its APDUs.
    public struct Event: Codable, Sendable, Hashable {
        public var at: String
        /// order, report, late report, result or operator.
        public var kind: String
        public var text: String
    }

    public struct ProcessDetail: Codable, Sendable, Hashable {
        public var process: Process
        public var timeline: [Event]
    }

    public struct Instance: Codable, Sendable, Hashable {
        public var id: String
        public var serviceProviderId: String
        public var serviceId: String
        public var serviceName: String
        public var version: String
        public var componentId: String
        public var reader: String
        /// Spelled as the TR does, such as DeployedOperational.
        public var state: String
        public var lastStableState: String
        public var created: String
        /// False: the outcome of an order is open, the next process reads the component first.
        public var isContentKnown: Bool
        /// The component proves none of its answers: what is known of it is as the handset reported it.
        public var isReportedOnly: Bool
        /// A process that is running on it.
        public var openProcess: String?
        public var quarantine: Quarantine?
    }

    public struct KeySet: Codable, Sendable, Hashable {
        public enum Part: String, Codable, Sendable {
            /// The keys of the instance's security domain.
            case final
            /// Keys that may be on the component because of an order with unknown outcome.
            case suspect
        }

        public var id: String
        public var part: Part
        /// As the key vault has it; absent: the vault does not say.
        public var state: String?
        /// Authentications that were issued and not proven successful.
        public var unprovenAuthentications: Int?
    }

    public struct InstanceDetail: Codable, Sendable, Hashable {
        public var instance: Instance
        public var holdsSecurityDomain: Bool
        public var keySets: [KeySet]
        /// The newest.
        public var processes: [Process]
    }

    public struct Component: Codable, Sendable, Hashable {
        /// `issuer/component`.
        public var id: String
        public var issuerId: String
        public var profileId: String
        /// `IIN/CIN`, hexadecimal.
        public var claim: String
        public var instances: Int
        public var quarantine: Quarantine?
    }

    public struct ComponentDetail: Codable, Sendable, Hashable {
        public var component: Component
        public var instances: [Instance]
    }

    /// No process begins on an instance, or on any instance of a component, and nothing new is deployed to the component.
    public struct Quarantine: Codable, Sendable, Hashable {
        /// Part of what callers are told.
        public var message: String
        public var since: String
        public var who: String
    }

    /// Body of `PUT …/quarantine`.
    public struct NewQuarantine: Codable, Sendable, Hashable {
        /// 1 to 150 characters; every refused caller gets to read it.
        public var message: String
        public init(message: String) { self.message = message }
    }

    /// Body of `POST /processes/{id}/end` and of `POST /key-sets/{id}/authentication-release`.
    public struct Reason: Codable, Sendable, Hashable {
        /// 1 to 150 characters.
        public var reason: String
        public init(reason: String) { self.reason = reason }
    }

    /// What an operator did, kept as long as the journal.
    public struct Action: Codable, Sendable, Hashable {
        public enum Kind: String, Codable, Sendable, CaseIterable { case endProcess, quarantineInstance, quarantineComponent, liftInstance, liftComponent, releaseAuthentications, resendResults }

        public var at: String
        /// The identity that the certificate proves.
        public var who: String
        public var kind: Kind
        public var subject: String
        public var reason: String
    }

    /// Body of `POST /results/resend`.
    public struct Resend: Codable, Sendable, Hashable {
        /// Of the result; absent: all that were given up.
        public var id: String?
        public init(id: String? = nil) { self.id = id }
    }

    /// Its answer.
    public struct Resent: Codable, Sendable, Hashable { public var count: Int }
}
