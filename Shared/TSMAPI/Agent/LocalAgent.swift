import Foundation
import GlobalPlatform
import SecureComponent
import TrustedServiceModel

/// GP SERAM's local agent: runs orders against a secure component and reports (design section 4).
///
/// SELECT by AID opens a logical channel and closes the one before: an application that is selected anywhere cannot be deleted.
/// The channel stays open between orders. After any status word but those of `StatusWord.allowsContinuation` the rest of the
/// order is not run.
actor LocalAgent {
    private let service: any SecureElementService
    private let components: [HandsetAPI.Component]
    private let listener: (any ProcessListener)?
    private var session: (reader: String, session: any Session)?
    private var current: (any Channel)?
    private var hasStarted = false
    private var progress = 0

    init(service: any SecureElementService, components: [HandsetAPI.Component], listener: (any ProcessListener)?) {
        self.service = service
        self.components = components
        self.listener = listener
    }

    /// The component that an order is for, so that the caller can keep orders for one component apart.
    nonisolated func reader(of order: SERAM.Order) -> String? {
        guard let element = order.chosenSecureElement else { return components.first?.reader }
        return components.first { $0.secureElement.seId.lowercased() == element.seId.lowercased() }?.reader
    }

    func run(_ order: SERAM.Order) async -> SERAM.Report {
        var responses: [SERAM.Response] = []
        var executed = 0
        for command in order.ramCommands ?? [] {
            switch command {
            case .start, .stop:
                continue
            case .notification(let text):
                do {
                    try await tell(text)
                } catch {
                    return SERAM.Report(localAgentStatus: SERAM.AgentStatus(.unknownFailure, executedSeRamCommands: executed, errorMsg: "the process start could not be delivered: \(error)"), ramResponses: responses)
                }
            case .apdus(let list):
                let (answers, failure) = await transmit(list, reader: reader(of: order))
                responses.append(SERAM.Response(listOfRAPDU: answers))
                executed += 1
                if let failure { return SERAM.Report(localAgentStatus: status(failure, executed), ramResponses: responses) }
                guard answers.count == list.count, answers.last.map(Self.continues) ?? true else {
                    return SERAM.Report(localAgentStatus: SERAM.AgentStatus(.processed, executedSeRamCommands: executed), ramResponses: responses)
                }
            }
        }
        return SERAM.Report(localAgentStatus: SERAM.AgentStatus(executed > 0 ? .processed : .polling, executedSeRamCommands: executed), ramResponses: responses)
    }

    func close() async {
        current = nil
        await session?.session.close()
        session = nil
    }

    private func transmit(_ list: [String], reader: String?) async -> ([String], SecureComponentError?) {
        var answers: [String] = []
        for text in list {
            do throws(SecureComponentError) {
                let response = try await transmit(text, reader: reader)
                answers.append(Hex.encodeUpperCase(response.bytes))
                guard response.statusWord.allowsContinuation else { return (answers, nil) }
            } catch {
                return (answers, error)
            }
        }
        return (answers, nil)
    }

    private func transmit(_ text: String, reader: String?) async throws(SecureComponentError) -> ResponseAPDU {
        guard let bytes = try? Hex.decode(text), let command = try? CommandAPDU(bytes: bytes) else {
            throw .malformedCommand("the order holds something that is no C-APDU")
        }
        if command.ins == Instruction.select, command.cla & 0x80 == 0, command.p1 == 0x04 {
            return try await select(command, reader: reader)
        }
        guard let current else { throw .channelNotAvailable("the order's first command is no SELECT") }
        return try await current.transmit(command)
    }

    private func select(_ command: CommandAPDU, reader: String?) async throws(SecureComponentError) -> ResponseAPDU {
        guard let aid = try? AID(command.data) else { throw .malformedCommand("SELECT without a complete AID") }
        let session = try await openSession(reader)
        await current?.close()
        current = nil
        do throws(SecureComponentError) {
            let channel = try await session.openLogicalChannel(aid)
            current = channel
            return channel.selectResponse ?? ResponseAPDU(statusWord: .success)
        } catch {
            switch error {
            case .applicationNotFound: return ResponseAPDU(statusWord: .applicationNotFound)
            case .selectionRefused(_, let statusWord): return ResponseAPDU(statusWord: statusWord)
            default: throw error
            }
        }
    }

    private func openSession(_ reader: String?) async throws(SecureComponentError) -> any Session {
        guard let reader else { throw .readerNotFound("the component that the order names") }
        if let session, session.reader == reader, !session.session.isClosed { return session.session }
        await session?.session.close()
        let opened = try await service.reader(named: reader).openSession()
        session = (reader, opened)
        return opened
    }

    private func tell(_ text: String) async throws {
        guard let listener, let notification = try? JSONDecoder().decode(HandsetAPI.Notification.self, from: Data(text.utf8)) else { return }
        switch notification {
        case .start(let start):
            // Exactly once, and before anything else (TR-03165 4.2.4).
            guard !hasStarted else { return }
            hasStarted = true
            try await listener.onProcessStart(start)
        case .progress(let told):
            // An order that is sent again tells it again; progress never goes back.
            guard hasStarted, told.progress >= progress else { return }
            progress = told.progress
            await listener.onProcessProgress(told)
        }
    }

    private func status(_ error: SecureComponentError, _ executed: Int) -> SERAM.AgentStatus {
        let status: SERAM.LocalAgentStatus = switch error {
        case .accessDenied: .ungrantedAccess
        case .transmitFailed, .malformedCommand, .malformedResponse: .unknownFailure
        default: .unavailableSE
        }
        return SERAM.AgentStatus(status, executedSeRamCommands: executed, errorMsg: error.description)
    }

    private static func continues(_ answer: String) -> Bool {
        guard let bytes = try? Hex.decode(answer), let response = try? ResponseAPDU(bytes: bytes) else { return false }
        return response.statusWord.allowsContinuation
    }
}
