/// The handset API, `/tsm-api/v1`: what the TSM-API SDK says to the handset plane, around SERAM orders and reports.
///
/// | call | path | body → answer |
/// |---|---|---|
/// | register the app and its device key | `POST /registrations` | `RegistrationRequest` → `RegistrationAnswer` |
/// | createServiceInstance | `POST /service-instances` | `CreateRequest` → `DialogAnswer` |
/// | getServiceInstances | `POST /service-instance-queries` | `QueryRequest` → `DialogAnswer` |
/// | deployService | `POST /service-instances/{id}/deployments` | `DeployRequest` → `DialogAnswer` |
/// | updateService | `POST /service-instances/{id}/updates` | `UpdateRequest` → `DialogAnswer` |
/// | suspendOrResumeService | `POST /service-instances/{id}/suspensions` | `SuspensionRequest` → `DialogAnswer` |
/// | terminateService | `POST /service-instances/{id}/terminations` | `TerminateRequest` → `DialogAnswer` |
/// | checkServiceDeploymentAvailable | `POST /service-deployment-checks` | `DeploymentCheckRequest` → `DialogAnswer` |
/// | checkServiceUpdateAvailable | `POST /service-instances/{id}/update-checks` | `UpdateCheckRequest` → `DialogAnswer` |
/// | report n of a dialog (n = 1, 2 …) | `POST /processes/{dialogId}/reports/{n}` | `SERAM.Report` → `DialogAnswer` |
///
/// Every call carries `Authorization: DPoP <access token>` and a `DPoP` proof (RFC 9449); calls that begin a dialog carry an
/// `Idempotency-Key`. Failures before a dialog starts are results with a category (HTTP 200) where the caller is known, and
/// problem documents (401, 403, 429, 503) where it is not. A repeated report n gets the same answer.
public enum HandsetAPI {
    public static let basePath = "/tsm-api/v1"

    /// Asks for an access token bound to the device key that signs the DPoP proof of this very request.
    public struct RegistrationRequest: Codable, Sendable, Hashable {
        public var serviceProviderId: String
        /// Hash of the SP app's certificate, hex (TR: DeviceAppID).
        public var deviceAppId: String
        /// Statement of the device's integrity service, opaque to the SDK.
        public var integrityVerdict: String?

        public init(serviceProviderId: String, deviceAppId: String, integrityVerdict: String? = nil) {
            self.serviceProviderId = serviceProviderId
            self.deviceAppId = deviceAppId
            self.integrityVerdict = integrityVerdict
        }
    }

    public struct RegistrationAnswer: Codable, Sendable, Hashable {
        public var accessToken: String
        /// Seconds.
        public var expiresIn: Int

        public init(accessToken: String, expiresIn: Int) {
            self.accessToken = accessToken
            self.expiresIn = expiresIn
        }
    }

    /// A secure component of the handset with the answers to keyless reads that the SDK took from it. All of it is a claim.
    public struct Component: Codable, Sendable, Hashable {
        public var secureElement: SERAM.SecureElement
        /// OMAPI reader name, e.g. `eSE1`.
        public var reader: String
        /// GP tags 42 (IIN) and 45 (CIN), values only, hex; absent where the card has none.
        public var iin: String?
        public var cin: String?
        /// GP tag C1 of the ISD read just now: three bytes in hex; absent where the card keeps it to itself.
        public var sequenceCounter: String?

        public init(secureElement: SERAM.SecureElement, reader: String, iin: String?, cin: String?, sequenceCounter: String?) {
            self.secureElement = secureElement
            self.reader = reader
            self.iin = iin
            self.cin = cin
            self.sequenceCounter = sequenceCounter
        }
    }

    /// SERAM's handshake, carried inside the request that begins a dialog.
    public struct Handshake: Codable, Sendable, Hashable {
        /// In any order: what is chosen does not depend on it.
        public var components: [Component]
        public var supportedVersions: [String]
        /// True if the agent stops an order at the first status word that design section 5 does not go on after; our SDK does.
        public var stopsOnError: Bool
        /// True if the agent runs orders for several components before one report (`DialogAnswer.alongside`); our SDK does. Absent: it does not.
        public var provesTogether: Bool?
        /// Readers that do not let this app read their component, each with the reason, for people; absent: none.
        public var inaccessible: [String]?

        public init(components: [Component], supportedVersions: [String] = [SERAM.version], stopsOnError: Bool = true, provesTogether: Bool? = nil,
                    inaccessible: [String]? = nil) {
            self.components = components
            self.supportedVersions = supportedVersions
            self.stopsOnError = stopsOnError
            self.provesTogether = provesTogether
            self.inaccessible = inaccessible
        }
    }

    public struct CreateRequest: Codable, Sendable, Hashable {
        public var serviceId: String
        public var version: String
        public var handshake: Handshake

        public init(serviceId: String, version: String, handshake: Handshake) {
            self.serviceId = serviceId
            self.version = version
            self.handshake = handshake
        }
    }

    public struct QueryRequest: Codable, Sendable, Hashable {
        public var serviceId: String
        public var handshake: Handshake

        public init(serviceId: String, handshake: Handshake) {
            self.serviceId = serviceId
            self.handshake = handshake
        }
    }

    public struct DeployRequest: Codable, Sendable, Hashable {
        public var serviceCommands: [ServiceCommand]
        public var finalizeDeployment: Bool
        public var handshake: Handshake

        public init(serviceCommands: [ServiceCommand], finalizeDeployment: Bool, handshake: Handshake) {
            self.serviceCommands = serviceCommands
            self.finalizeDeployment = finalizeDeployment
            self.handshake = handshake
        }
    }

    public struct TerminateRequest: Codable, Sendable, Hashable {
        public var handshake: Handshake
        public init(handshake: Handshake) { self.handshake = handshake }
    }

    /// The outcome of a dialog, exactly one of the cases.
    public enum Outcome: Codable, Sendable, Hashable {
        case created(CreateServiceInstanceResult)
        case instances(GetServiceInstancesResult)
        case deployed(DeployServiceResult)
        case updated(UpdateServiceResult)
        case suspendedOrResumed(SuspendOrResumeResult)
        case terminated(TerminateServiceResult)
        case deploymentAvailable(ServiceDeploymentAvailableResult)
        case updateAvailable(ServiceUpdateAvailableResult)
    }

    /// Next thing to do, or the end. Exactly one of `order` and `result` is there.
    public struct DialogAnswer: Codable, Sendable, Hashable {
        /// The process (TR) or, for create and query, the dialog: path element of the reports. Empty if refused before one began.
        public var dialogId: String
        /// 128 random bits in hex for the plain SERAM endpoints; unrelated to `dialogId`.
        public var sessionId: String?
        /// Number that the report to this order carries.
        public var reportNumber: Int?
        public var order: SERAM.Order?
        /// Orders for other components, to be run after `order` whatever comes of it, each as an order of its own; their reports travel with its report
        /// (`SERAM.Report.alongside`). Only for agents whose handshake says `provesTogether`.
        public var alongside: [SERAM.Order]?
        public var result: Outcome?

        public init(dialogId: String, sessionId: String?, reportNumber: Int?, order: SERAM.Order?, alongside: [SERAM.Order]? = nil, result: Outcome?) {
            self.dialogId = dialogId
            self.sessionId = sessionId
            self.reportNumber = reportNumber
            self.order = order
            self.alongside = alongside
            self.result = result
        }
    }

    /// What a SERAM notification of ours carries, as JSON text.
    public enum Notification: Codable, Sendable, Hashable {
        case start(ProcessStart)
        case progress(ProcessProgress)
    }
}
