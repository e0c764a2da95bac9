import GlobalPlatform
import ServiceKit
import TrustedServiceModel

/// One line of the journal in words. APDUs stay in the store: what an operator needs is how many there were, and where it stopped.
enum JournalEvent {
    /// Kind of the lines that operators' actions leave.
    static let operatorKind = "operator"

    static func event(at: String, kind: String, body: String) -> HandsetOperatorAPI.Event {
        HandsetOperatorAPI.Event(at: at, kind: kind, text: text(kind, Array(body.utf8)))
    }

    private static func text(_ kind: String, _ body: [UInt8]) -> String {
        do {
            switch kind {
            case "order", "result":
                let answer = try WireJSON.decode(HandsetAPI.DialogAnswer.self, from: body)
                if let order = answer.order { return text(order, answer.alongside ?? [], number: answer.reportNumber) }
                return answer.result?.processInfo.map(text) ?? "ended"
            case "report", "late report":
                let report = try WireJSON.decode(SERAM.Report.self, from: body)
                return ([report] + (report.alongside ?? [])).map(text).joined(separator: "; ")
            case operatorKind:
                let action = try WireJSON.decode(HandsetOperatorAPI.Action.self, from: body)
                return "\(action.kind.rawValue) by \(action.who): \(action.reason)"
            default:
                return ""
            }
        } catch {
            // The journal outlives versions of this software; the line itself is still there.
            return "not readable by this version (\(body.count) bytes)"
        }
    }

    private static func text(_ order: SERAM.Order, _ others: [SERAM.Order], number: Int?) -> String {
        var (lists, commands) = (0, 0)
        for case .apdus(let list) in ([order] + others).flatMap({ $0.ramCommands ?? [] }) {
            lists += 1
            commands += list.count
        }
        let components = others.isEmpty ? "" : " for \(others.count + 1) secure components"
        return "order \(number.map { "\($0) " } ?? "")of \(commands) APDUs in \(lists) lists\(components)"
    }

    private static func text(_ report: SERAM.Report) -> String {
        let answers = (report.ramResponses ?? []).flatMap(\.listOfRAPDU)
        let last = answers.last.flatMap { try? Hex.decode($0) }.flatMap { try? ResponseAPDU(bytes: $0) }
        return "\(report.localAgentStatus.localAgentStatusEnum.rawValue), \(answers.count) answers" + (last.map { ", the last \($0.statusWord)" } ?? "")
            + (report.localAgentStatus.errorMsg.map { ": \($0.prefix(200))" } ?? "")
    }

    private static func text(_ info: TrustedServiceModel.ProcessInfo) -> String {
        "category \(info.executionStatus.rawValue)" + (info.executionMessage.isEmpty ? "" : ": \(info.executionMessage)")
    }
}
