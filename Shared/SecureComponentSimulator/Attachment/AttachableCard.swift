import GlobalPlatform
import SecureComponent

/// A card that can be put into a virtual reader. Calls come one at a time, from one thread.
public protocol AttachableCard: Sendable {
    /// 2 to 33 bytes.
    var atr: [UInt8] { get }

    /// One C-APDU, one R-APDU.
    /// - Throws: what makes the card vanish from the reader.
    func transmit(_ command: [UInt8]) throws(SecureComponentError) -> [UInt8]

    /// Reset, or power lost and back: what is not stored is forgotten.
    func reset()
}

extension SimulatedCard: AttachableCard {}
extension ReplayedCard: AttachableCard {}

/// A card whose dialog with the reader is written down.
public struct RecordedCard: AttachableCard {
    private let card: any AttachableCard
    private let recorder: TranscriptRecorder

    public init(_ card: any AttachableCard, recorder: TranscriptRecorder) {
        self.card = card
        self.recorder = recorder
    }

    public var atr: [UInt8] { card.atr }

    public func transmit(_ command: [UInt8]) throws(SecureComponentError) -> [UInt8] {
        do throws(SecureComponentError) {
            let response = try card.transmit(command)
            recorder.note(atr: atr, command: command, response: response)
            return response
        } catch {
            recorder.note(atr: atr, command: command, response: [], failure: error.code == "transmit-failed" ? .transmitFailed : .componentLost)
            throw error
        }
    }

    public func reset() {
        card.reset()
        recorder.noteReset()
    }
}

/// A card as slow as it is told, for programs that have to bear slow ones.
public struct SlowCard: AttachableCard {
    private let card: any AttachableCard
    private let latency: Duration
    private let pause: @Sendable (Duration) -> Void

    /// - Parameter pause: waits on the calling thread.
    public init(_ card: any AttachableCard, latency: Duration, pause: @escaping @Sendable (Duration) -> Void) {
        self.card = card
        self.latency = latency
        self.pause = pause
    }

    public var atr: [UInt8] { card.atr }

    public func transmit(_ command: [UInt8]) throws(SecureComponentError) -> [UInt8] {
        pause(latency)
        return try card.transmit(command)
    }

    public func reset() { card.reset() }
}
