import DeploymentDocument
import Foundation
import GlobalPlatform
import Provisioning
import SEIAPI
import TrustedServiceModel

/// A ServiceInstance as the handset plane keeps it: it belongs to (Service, secure component), never to an app installation.
struct InstanceRecord: Codable, Sendable {
    var id: String
    var serviceProviderId: String
    var serviceId: String
    var componentId: String
    /// Reader name as the handset last told it.
    var reader: String
    var state: ServiceInstanceState
    /// The state before InError.
    var lastStableState: ServiceInstanceState
    var lastOperation: ServiceOperation
    /// Flag of the last executed ActivateServiceCommand.
    var suspendOnCompletion: Bool
    /// The instance's own pinned copy: suspension and termination work from it whatever the catalogue says.
    var document: PinnedDocument
    /// While an update is on its way: what is pinned again if it changes nothing.
    var previousDocument: DeploymentDocument?
    /// Of updates since `previousDocument` that were begun and not ended: the card may hold parts of each.
    var attemptedDocuments: [DeploymentDocument]?
    var content: CardContent
    var created: Date

    /// What the card holds for this instance, as proven last.
    struct CardContent: Codable, Sendable, Hashable {
        /// False while the outcome of an order is not known: the next process reconciles first.
        var isKnown = true
        var holdsSecurityDomain = false
        /// Set once the final keys are proven to be on the card.
        var finalKeySetId: String?
        var finalCounter = 0
        /// Key sets that may be on the card because of an order with unknown outcome.
        var suspectKeySets: [String] = []
        /// Counter of the ISD that the latest of those orders was made for: until the card is past it, the order can still be run.
        var suspectCounter: Int?
        /// Counter of the ISD that a verified session has proven last.
        var provenCounter: Int?
        var accessRules: [SEI.AccessRule] = []
        /// Applications that are locked, while the instance's state does not say it.
        var lockedInstances: [AID]?
        /// Applications that were made selectable. nil, here and below: recorded by a version that did not keep it.
        var selectable: [AID]?
        /// Applications that were, or may have been, installed and not personalised since.
        var unpersonalized: [AID]?
        /// An order that begins an upgrade of a load file is out, or was interrupted: the card may keep data until it ends.
        var upgradeMayBeOpen: Bool?
        /// An order that deletes the security domain is out, or was interrupted.
        var domainMayBeGone: Bool?
        /// What this process has read of the card before it made its plan.
        var reading: CardReading?
        /// The content is as a handset reported it: the component proves none of its answers (SCP03 without response MACs).
        var isReportedOnly: Bool?
    }

    var technicalInformation: TechnicalInformation { document.technicalInformation }

    var serviceInstance: ServiceInstance {
        ServiceInstance(id: id, state: state, technicalInformation: technicalInformation, lastOperation: lastOperation, reader: reader)
    }
}
