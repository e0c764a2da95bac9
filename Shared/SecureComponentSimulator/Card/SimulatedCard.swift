import Cryptography
import GlobalPlatform
import SecureComponent
import Synchronization

/// A GlobalPlatform 2.3.1 card in software: strict, fast, in memory or in a file.
///
/// Card content management is complete; bytecode is not executed. Installed instances keep what they are personalised with and answer from it.
public final class SimulatedCard: Sendable {
    /// One command and what became of it, for people who look for the reason of a refusal.
    public struct Exchange: Sendable {
        public let command: [UInt8]
        /// nil: none came back.
        public let response: [UInt8]?
        /// Why the card refused, where it did.
        public let reason: String?
    }

    private struct State {
        var engine: CardEngine
        var plan = FaultPlan()
        var commandsSincePlan = 0
        var commandCount = 0
        var observer: (@Sendable (Exchange) -> Void)?
    }

    private let state: Mutex<State>
    /// As it was made; a profile does not change during a card's life.
    public let profile: CardProfile

    init(image: CardImage, file: CardFile?, random: any RandomSource) {
        profile = image.profile
        state = Mutex(State(engine: CardEngine(storage: ImageStorage(file: file, stored: image), random: random)))
    }

    /// A card from its file, as after power-up.
    /// - Throws: `fileUnreadable`, `fileInvalid`.
    public convenience init(opening file: CardFile, random: any RandomSource = SystemRandom()) throws(SimulatorError) {
        self.init(image: try file.load(), file: file, random: random)
    }

    /// A card in memory from another's image.
    public convenience init(image: CardImage, random: any RandomSource = SystemRandom()) {
        self.init(image: image, file: nil, random: random)
    }

    public var atr: [UInt8] { profile.atr.bytes }

    /// What the simulator says of itself.
    public var description: String { profile.description }

    /// One command, one response. What a command changes is stored before it is answered.
    /// - Throws: `transmitFailed` and `componentLost`, injected faults only.
    public func transmit(_ bytes: [UInt8]) throws(SecureComponentError) -> [UInt8] {
        let result = state.withLock { state -> Result<[UInt8], SecureComponentError> in
            let fault = state.plan.faults[state.commandsSincePlan]
            state.commandsSincePlan += 1
            state.commandCount += 1
            let (result, reason) = exchange(bytes, fault, &state.engine)
            state.observer?(Exchange(command: bytes, response: try? result.get(), reason: reason))
            return result
        }
        return try result.get()
    }

    /// As `transmit(_:)`, for commands and responses that are read already.
    /// - Throws: `malformedResponse` as well, when an injected fault cut the response.
    public func transmit(_ command: CommandAPDU) throws(SecureComponentError) -> ResponseAPDU {
        let answer = try transmit(command.bytes)
        do { return try ResponseAPDU(bytes: answer) } catch { throw .malformedResponse(error.description) }
    }

    /// Loss of power or reset: selections, channels and sessions are forgotten.
    public func reset() {
        state.withLock { $0.engine.powerOn() }
    }

    /// Replaces the plan; its commands are counted from now.
    public func inject(_ plan: FaultPlan) {
        state.withLock { state in
            state.plan = plan
            state.commandsSincePlan = 0
        }
    }

    /// Called with every exchange, one at a time, from inside the card: it must not call back. nil stops it.
    public func observe(_ observer: (@Sendable (Exchange) -> Void)?) {
        state.withLock { $0.observer = observer }
    }

    /// Commands since the card was made or opened.
    public var commandCount: Int { state.withLock { $0.commandCount } }

    /// What is stored now. Holds the card's keys.
    public var image: CardImage { state.withLock { $0.engine.image } }

    /// How many logical channels are open, the basic one included.
    public var openChannels: Int { state.withLock { $0.engine.channels.count } }

    private func exchange(_ bytes: [UInt8], _ fault: FaultPlan.Fault?, _ engine: inout CardEngine) -> (Result<[UInt8], SecureComponentError>, String?) {
        var command = bytes
        switch fault {
        case .dropCommand: return (.failure(.transmitFailed("the command was lost")), nil)
        case .respond(let status): return (.success(status.bytes), "injected")
        case .powerCutBefore:
            engine.powerOn()
            return (.failure(.componentLost("power was lost before the command was executed")), nil)
        case .flipCommandByte(let index) where !command.isEmpty: command[min(max(index, 0), command.count - 1)] ^= 0xFF
        default: break
        }
        if case .powerCutWhileStoring(let cut) = fault { engine.storage.beginCommand(cut) } else { engine.storage.beginCommand(nil) }
        let (response, reason): (ResponseAPDU, String?)
        do { (response, reason) = try engine.process(command) } catch {
            return (.failure(.componentLost("power was lost while the card stored a change")), nil)
        }
        var answer = response.bytes
        switch fault {
        case .dropResponse: return (.failure(.transmitFailed("the response was lost")), reason)
        case .powerCutAfter:
            engine.powerOn()
            return (.failure(.componentLost("power was lost before the response was sent")), reason)
        case .flipResponseByte(let index): answer[min(max(index, 0), answer.count - 1)] ^= 0xFF
        case .wrongCardCryptogram where bytes.count > 1 && bytes[1] == Instruction.initializeUpdate && answer.count > 30: answer[21] ^= 0xFF
        default: break
        }
        return (.success(answer), reason)
    }
}
