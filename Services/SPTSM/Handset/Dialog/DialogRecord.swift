import DeploymentDocument
import Foundation
import GlobalPlatform
import Provisioning
import TrustedServiceModel

/// Who began a dialog: nobody else may continue it.
public struct HandsetCaller: Codable, Sendable, Hashable {
    public var serviceProviderId: String
    /// Lower-case hex.
    public var deviceAppId: String
    /// RFC 7638 thumbprint of the device key.
    public var deviceKeyThumbprint: String

    public init(serviceProviderId: String, deviceAppId: String, deviceKeyThumbprint: String) {
        self.serviceProviderId = serviceProviderId
        self.deviceAppId = deviceAppId
        self.deviceKeyThumbprint = deviceKeyThumbprint
    }
}

/// One dialog with a handset, durable from its first answer on: a TSM-API call from request to result.
struct DialogRecord: Codable, Sendable {
    enum Purpose: Codable, Sendable, Hashable {
        case create(serviceId: String, version: String)
        case query(serviceId: String)
        case deploy(instanceId: String, commands: [ServiceCommand], finalize: Bool)
        case update(instanceId: String, version: String, commands: [ServiceCommand], finalize: Bool)
        case suspend(instanceId: String, suspensionControl: Bool)
        case terminate(instanceId: String)
        case checkDeployment(serviceId: String, version: String)
        case checkUpdate(instanceId: String, version: String)

        /// Of a process: no two of them run on one instance. Checks are none.
        var instanceId: String? {
            switch self {
            case .create, .query, .checkDeployment, .checkUpdate: nil
            case .deploy(let id, _, _), .update(let id, _, _, _), .suspend(let id, _), .terminate(let id): id
            }
        }
    }

    /// What the next report answers.
    enum Stage: Codable, Sendable {
        case proving(ProofStage)
        case running(RunState)
        case ended
    }

    /// TR: process ID; for create and query the dialog's ID.
    var id: String
    /// 128 random bits in hex, for the plain SERAM endpoints.
    var sessionId: String
    var caller: HandsetCaller
    var purpose: Purpose
    var components: [HandsetAPI.Component]
    var stopsOnError: Bool
    /// The agent proves several components in one step.
    var provesTogether: Bool?
    /// Readers that the app may not read, with the reasons, for the message.
    var inaccessible: [String]?
    var stage: Stage
    var began: Date
    /// Extended with every contact.
    var leaseExpires: Date
    /// Report number that the outstanding order expects.
    var reportNumber: Int
    /// What this step answers; kept in the journal, not here.
    var nextAnswer: HandsetAPI.DialogAnswer?
    /// SHA-256 of the last report, hex.
    var lastReportDigest: String?
    /// The process start was told to the handset.
    var startTold: Bool
    /// State of the instance when the call came: what it falls back to if nothing changed on the card.
    var stateBefore: ServiceInstanceState?

    /// What the call brought, in the step that it came in; never stored.
    var provided: ProvidedData?
    /// The same, sealed by the vault under the process's key.
    var sealedValues: HexBytes?
    /// What applications answered to their scripts in this step; never stored.
    var answers: PersonalizationAnswers?
    /// The same of all steps up to now, sealed.
    var sealedAnswers: [HexBytes]?

    private enum CodingKeys: String, CodingKey {
        case sealedValues, sealedAnswers
        case id, sessionId, caller, purpose, components, stopsOnError, provesTogether, inaccessible, stage, began, leaseExpires, reportNumber, lastReportDigest, startTold, stateBefore
    }

    var isEnded: Bool { if case .ended = stage { true } else { false } }
}
