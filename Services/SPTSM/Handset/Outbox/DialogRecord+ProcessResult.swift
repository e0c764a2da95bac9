import Crypto
import GlobalPlatform
import Provisioning
import ServiceKit
import TrustedServiceModel

/// What the SPOS is told of a dialog that has ended (TR-03165 3.2.1, 3.3.1, 4.3.3.1). Pure.
extension DialogRecord {
    /// - Parameters:
    ///   - outcome: as the handset gets it.
    ///   - instance: as the dialog leaves it.
    ///   - isDeleted: the instance is no more.
    /// - Returns: nil where nothing is to be told: checks and queries, and failures before a process other than of the eligibility check.
    func outboxEntry(_ outcome: HandsetAPI.Outcome, instance: InstanceRecord?, isDeleted: Bool, trace: String?) -> OutboxEntry? {
        guard let info = outcome.processInfo ?? createFailure(outcome) else { return nil }
        let isProcess = !info.processId.isEmpty
        guard isProcess || info.executionStatus == .noEligibleSecureComponent, let serviceId = instance?.serviceId ?? createdService else { return nil }
        let state = instance?.state ?? .notDeployed
        let result = ProcessResult(
            processId: info.processId, executionStatus: info.executionStatus, executionMessage: info.executionMessage, startDate: info.startDate, endDate: info.endDate,
            serviceId: serviceId, versionTag: requestedVersion ?? instance?.document.versionTag ?? "", serviceInstanceId: instance?.id ?? "",
            requestedOperations: requestedOperations, serviceStartState: isProcess ? stateBefore ?? state : state, serviceEndState: isDeleted ? .notDeployed : state)
        return OutboxEntry(id: isProcess ? info.processId : id, orderKey: instance?.id ?? id, serviceProviderId: caller.serviceProviderId, serviceId: serviceId,
                           isProcess: isProcess, result: result, pinned: instance?.document.service.spos, trace: trace)
    }

    /// Numbers of TR-03165 4.2.4. A call that only finalizes is 13 or 23, which 4.3.3.1 forgets.
    var requestedOperations: [ServiceOperation] {
        switch purpose {
        case .deploy(_, let commands, _): commands.isEmpty ? [.deploymentFinalize] : commands.map { DeploymentRules.operation($0.kind) }
        case .update(_, _, let commands, _): commands.isEmpty ? [.updateFinalize] : commands.map { UpdateRules.operation(DeploymentRules.operation($0.kind)) }
        case .suspend(_, let suspend): [suspend ? .suspension : .resumption]
        case .terminate: [.termination]
        case .create, .query, .checkDeployment, .checkUpdate: []
        }
    }

    private var requestedVersion: String? {
        switch purpose {
        case .create(_, let version), .update(_, let version, _, _): version
        default: nil
        }
    }

    private var createdService: String? { if case .create(let serviceId, _) = purpose { serviceId } else { nil } }

    /// createServiceInstance is the eligibility check; its result has no ProcessInfo.
    private func createFailure(_ outcome: HandsetAPI.Outcome) -> ProcessInfo? {
        guard case .created(let result) = outcome, result.serviceInstance == nil else { return nil }
        return ProcessInfo(processId: "", executionStatus: result.executionStatus, executionMessage: result.executionMessage,
                           startDate: WireDate.text(began), endDate: WireDate.text(began))
    }

    /// An ID for what is told of a request that was refused before it became a dialog: a repetition of the request gets the same.
    static func refusalId(deviceKey: String, idempotencyKey: String) -> String {
        let digest = Hex.encode(Array(SHA256.hash(data: Array(deviceKey.utf8) + [0] + Array(idempotencyKey.utf8)).prefix(16)))
        // In the form of a UUID, as every other ID.
        let ends = [8, 12, 16, 20, 32]
        return zip([0] + ends, ends).map { start, end in String(digest.dropFirst(start).prefix(end - start)) }.joined(separator: "-")
    }
}

extension HandsetAPI.Outcome {
    /// Of the calls that make processes.
    var processInfo: ProcessInfo? {
        switch self {
        case .deployed(let result), .updated(let result): result.processInfo
        case .suspendedOrResumed(let result): result.processInfo
        case .terminated(let result): result.processInfo
        case .created, .instances, .deploymentAvailable, .updateAvailable: nil
        }
    }
}
