import Provisioning
import ServiceKit
import TrustedServiceModel

/// Answers to the handset: the next order, or the TR's result object.
extension HandsetEngine {
    func answer(_ dialog: inout DialogRecord, with order: SERAM.Order) {
        dialog.reportNumber += 1
        dialog.nextAnswer = HandsetAPI.DialogAnswer(dialogId: dialog.id, sessionId: dialog.sessionId, reportNumber: dialog.reportNumber, order: order, result: nil)
    }

    func end(_ dialog: inout DialogRecord, with outcome: HandsetAPI.Outcome) {
        dialog.stage = .ended
        dialog.nextAnswer = HandsetAPI.DialogAnswer(dialogId: dialog.id, sessionId: dialog.sessionId, reportNumber: nil, order: nil, result: outcome)
    }

    /// The result of a failed call. `started`: a process had begun, so its ID is told.
    func outcome(of dialog: DialogRecord, failing run: RunFailure, instance: InstanceRecord?, started: Bool) -> HandsetAPI.Outcome {
        let failure = run.failure
        switch dialog.purpose {
        case .create:
            return .created(CreateServiceInstanceResult(serviceInstance: nil, executionStatus: failure.category, executionMessage: failure.executionMessage))
        case .query:
            return .instances(GetServiceInstancesResult(serviceInstances: [], executionStatus: failure.category, executionMessage: failure.executionMessage))
        case .deploy(_, let commands, _), .update(_, _, let commands, _):
            let failing = run.command.flatMap { command in commands.firstIndex { $0.kind == command } } ?? (commands.isEmpty ? nil : 0)
            let result = DeployServiceResult(
                processInfo: processInfo(dialog, failure, started: started), serviceInstanceState: instance?.state ?? .unknown,
                technicalInformation: instance?.technicalInformation ?? TechnicalInformation(),
                serviceCommandResults: started ? CommandResults.all(commands, failing: failing) : CommandResults.notExecuted(commands),
                reader: instance?.reader ?? "")
            return dialog.purpose.isUpdate ? .updated(result) : .deployed(result)
        case .suspend:
            return .suspendedOrResumed(SuspendOrResumeResult(processInfo: processInfo(dialog, failure, started: started)))
        case .terminate:
            return .terminated(TerminateServiceResult(processInfo: processInfo(dialog, failure, started: started)))
        case .checkDeployment, .checkUpdate:
            return availability(dialog.purpose, failing: failure)
        }
    }

    /// - Parameter remark: what whoever reads the result has to know.
    func succeeded(_ dialog: DialogRecord, instance: InstanceRecord, remark: String = "") -> HandsetAPI.Outcome {
        let reportedOnly = instance.content.isReportedOnly == true
        switch dialog.purpose {
        case .deploy(_, let commands, _), .update(_, _, let commands, _):
            let result = DeployServiceResult(
                processInfo: processInfo(dialog, nil, started: true, reportedOnly: reportedOnly, remark: remark), serviceInstanceState: instance.state, technicalInformation: instance.technicalInformation,
                serviceCommandResults: CommandResults.all(commands, failing: nil), reader: instance.reader)
            return dialog.purpose.isUpdate ? .updated(result) : .deployed(result)
        case .suspend:
            return .suspendedOrResumed(SuspendOrResumeResult(processInfo: processInfo(dialog, nil, started: true, reportedOnly: reportedOnly)))
        default:
            return .terminated(TerminateServiceResult(processInfo: processInfo(dialog, nil, started: true, reportedOnly: reportedOnly)))
        }
    }

    /// - Parameter reportedOnly: the component cannot prove its answers; whoever reads the result has to know.
    func processInfo(_ dialog: DialogRecord, _ failure: TSMFailure?, started: Bool, reportedOnly: Bool = false, remark: String = "") -> ProcessInfo {
        let unproven = reportedOnly ? "The result is as the handset reported it, unproven: this secure component does not sign its answers (SCP03 without response MACs)." : ""
        return ProcessInfo(processId: started ? dialog.id : "", executionStatus: failure?.category ?? .noError, executionMessage: failure?.executionMessage ?? [remark, unproven].filter { !$0.isEmpty }.joined(separator: " "),
                    startDate: WireDate.text(dialog.began), endDate: WireDate.text(environment.now()))
    }

    /// The order of a run with its notifications for the listener (TR-03165 4.2.3.6, 4.2.3.7).
    func issue(_ pieces: [OrderPiece], _ run: RunState, component: SERAM.SecureElement, operation: ServiceOperation, _ dialog: inout DialogRecord) {
        var run = run
        run.layout = OrderLayout(pieces)
        run.orderOutstanding = true
        let id = dialog.id
        let start = dialog.startTold ? nil : notification(.start(ProcessStart(processId: id, callerId: dialog.caller.deviceAppId, startDate: WireDate.text(dialog.began))))
        let progress = progressRange(run, pieces)
        let order = OrderBuilder.order(pieces, component: component, start: start, progressBefore: progress.lowerBound, progressAfter: progress.upperBound) { percent in
            self.notification(.progress(ProcessProgress(processId: id, progress: percent, operation: operation)))
        }
        dialog.startTold = true
        dialog.stage = .running(run)
        answer(&dialog, with: order)
    }

    /// Share of the process before and after an order: by sessions, the last 5 % belong to the verification here.
    private func progressRange(_ run: RunState, _ pieces: [OrderPiece]) -> ClosedRange<Int> {
        switch run.purpose {
        case .main: break
        case .reconcile: return 0...2
        // Progress never goes back: a clean-up tells none.
        case .cleanUp: return 95...95
        }
        let total = max(1, run.sessions.count)
        let done = run.sessions.count { $0.status == .verified }
        let whole = pieces.count { $0.part != .opening }
        let before = 2 + 93 * done / total
        return before...max(before, min(95, 2 + 93 * (done + whole) / total))
    }

    private func notification(_ content: HandsetAPI.Notification) -> String {
        // Plain values of our own always encode; an empty notification is what SERAM agents ignore.
        (try? WireJSON.encode(content)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
