import GlobalPlatform
import SecureComponent
import Synchronization

/// Answers from a list, and keeps what it was sent.
final class ScriptedCard: CardConnection, CardConnector {
    private struct State {
        var answers: [Result<[UInt8], SecureComponentError>]
        var commands: [[UInt8]] = []
        var depth = 0
        var isPresent = true
        var connections = 0
        var wasInterleaved = false
    }

    let name = "scripted"
    private let state: Mutex<State>

    init(_ answers: [String]) {
        state = Mutex(State(answers: answers.map { .success((try? Hex.decode($0)) ?? []) }))
    }

    var atr: [UInt8] { [0x3B, 0x00] }
    var commands: [String] { state.withLock { $0.commands.map { Hex.encode($0) } } }
    var connections: Int { state.withLock { $0.connections } }
    var wasInterleaved: Bool { state.withLock { $0.wasInterleaved } }

    func answer(_ answers: Result<[UInt8], SecureComponentError>...) { state.withLock { $0.answers += answers } }
    func remove() { state.withLock { $0.isPresent = false } }

    var isCardPresent: Bool { state.withLock { $0.isPresent } }

    func connect() async throws(SecureComponentError) -> any CardConnection {
        state.withLock { $0.connections += 1 }
        return self
    }

    func transmit(_ command: [UInt8]) async throws(SecureComponentError) -> [UInt8] {
        state.withLock { state in
            state.depth += 1
            if state.depth > 1 { state.wasInterleaved = true }
            state.commands.append(command)
        }
        await Task.yield()
        let answer = state.withLock { state -> Result<[UInt8], SecureComponentError> in
            state.depth -= 1
            return state.answers.isEmpty ? .failure(.transmitFailed("the script is at its end")) : state.answers.removeFirst()
        }
        return try answer.get()
    }

    func reset() async throws(SecureComponentError) {}
    func disconnect() async {}
}
