import GlobalPlatform
import Synchronization

/// A transcript as a component: it answers what was answered when the dialog was recorded, and nothing else.
///
/// Commands have to come in the recorded order. Masked bytes of a command match any byte, masked bytes of a response are zeros. The first
/// command that differs ends it: from then on every command fails with the same error, which names the line.
public final class ReplayedCard: Sendable {
    private struct State {
        var next = 0
        var error: TranscriptError?
    }

    private let transcript: Transcript
    private let state = Mutex(State())

    public init(_ transcript: Transcript) {
        self.transcript = transcript
    }

    public var atr: [UInt8] { transcript.header.atr.bytes }

    /// The first difference; nil: there was none so far.
    public var error: TranscriptError? { state.withLock { $0.error } }

    /// Lines that were not asked for; a reset at the end is none.
    public var remaining: ArraySlice<Transcript.Line> {
        state.withLock { state in
            let rest = transcript.lines.dropFirst(state.next)
            return rest.allSatisfy { $0.entry == .reset } ? [] : rest
        }
    }

    /// - Throws: `componentLost` and `transmitFailed` where they were recorded; `componentLost` for a difference.
    public func transmit(_ command: [UInt8]) throws(SecureComponentError) -> [UInt8] {
        let answer: Result<Transcript.Answer, TranscriptError> = state.withLock { state in
            if let error = state.error { return .failure(error) }
            do throws(TranscriptError) {
                let recorded = try recorded(command, at: state.next)
                state.next += 1
                return .success(recorded)
            } catch {
                state.error = error
                return .failure(error)
            }
        }
        switch answer {
        case .success(.response(let response)): return response.filled
        case .success(.failure(.componentLost)): throw .componentLost("so it was recorded")
        case .success(.failure(.transmitFailed)): throw .transmitFailed("so it was recorded")
        case .failure(let error): throw .componentLost(error.description)
        }
    }

    /// Reset or loss of power. Without a command since the last one it says nothing; otherwise it has to come where it was recorded, or
    /// after the end.
    public func reset() {
        state.withLock { state in
            guard state.error == nil, state.next > 0, state.next < transcript.lines.count, transcript.lines[state.next - 1].entry != .reset else { return }
            let line = transcript.lines[state.next]
            if line.entry == .reset {
                state.next += 1
            } else {
                state.error = TranscriptError(line: line.number, "the component was reset, and a command was recorded: \(line.text)")
            }
        }
    }

    private func recorded(_ command: [UInt8], at index: Int) throws(TranscriptError) -> Transcript.Answer {
        guard index < transcript.lines.count else {
            throw TranscriptError(line: transcript.lines.last?.number ?? 1, "the dialog goes on after the last line, with \(Self.short(command))")
        }
        let line = transcript.lines[index]
        guard case .exchange(let expected, let answer) = line.entry else {
            throw TranscriptError(line: line.number, "a reset was recorded, and \(Self.short(command)) was sent")
        }
        guard expected.matches(command) else { throw TranscriptError(line: line.number, Self.difference(expected, command)) }
        return answer
    }

    private static func difference(_ expected: MaskedBytes, _ command: [UInt8]) -> String {
        let (recorded, sent) = (short(expected.filled), short(command))
        if recorded != sent { return "\(recorded) was recorded, and \(sent) was sent" }
        let place = zip(expected.bytes, command).enumerated().first { $0.element.0 != nil && $0.element.0 != $0.element.1 }?.offset ?? 0
        return "\(sent) was sent with other bytes than recorded, from byte \(place) on"
    }

    /// Name and header only: what was sent may hold secrets that belong into no message.
    fileprivate static func short(_ command: [UInt8]) -> String {
        guard command.count >= 4 else { return "\(command.count) bytes" }
        return "\(Instruction.name(command[1])) (\(Hex.encode(command.prefix(4))), \(command.count) bytes)"
    }
}

extension Transcript.Line {
    fileprivate var text: String {
        switch entry {
        case .reset: "a reset"
        case .exchange(let command, _): ReplayedCard.short(command.filled)
        }
    }
}

/// A slot with a replayed component in it, in process.
public struct ReplayConnector: CardConnector {
    public let name: String
    private let card: ReplayedCard

    public init(name: String, card: ReplayedCard) {
        self.name = name
        self.card = card
    }

    public var isCardPresent: Bool { true }
    public func connect() async throws(SecureComponentError) -> any CardConnection { ReplayConnection(card: card) }
}

struct ReplayConnection: CardConnection {
    let card: ReplayedCard

    var atr: [UInt8] { card.atr }
    func transmit(_ command: [UInt8]) async throws(SecureComponentError) -> [UInt8] { try card.transmit(command) }
    func reset() async throws(SecureComponentError) { card.reset() }
    func disconnect() async {}
}
