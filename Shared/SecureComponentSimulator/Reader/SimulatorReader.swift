import GlobalPlatform
import SecureComponent
import Synchronization

/// A simulated card as a connection, without any latency.
struct SimulatedConnection: CardConnection {
    let card: SimulatedCard

    var atr: [UInt8] { card.atr }

    func transmit(_ command: [UInt8]) async throws(SecureComponentError) -> [UInt8] { try card.transmit(command) }

    func reset() async throws(SecureComponentError) { card.reset() }

    /// The card keeps its power: who connects next finds the channels closed that were closed, and no others.
    func disconnect() async {}
}

/// A slot for a simulated card.
public struct SimulatedCardConnector: CardConnector {
    public let name: String
    private let card: SimulatedCard

    public init(name: String, card: SimulatedCard) {
        self.name = name
        self.card = card
    }

    public var isCardPresent: Bool { true }

    public func connect() async throws(SecureComponentError) -> any CardConnection { SimulatedConnection(card: card) }
}

/// A reader with a simulated card in it, in process, with access rules enforced on top.
public final class SimulatorReader: Reader {
    private let reader: CardReader
    public let card: SimulatedCard

    /// - Parameter name: as OMAPI names readers: "eSE1", "SIM1".
    public init(name: String, card: SimulatedCard, accessControl: AccessControl) {
        self.card = card
        reader = CardReader(connector: SimulatedCardConnector(name: name, card: card), accessControl: accessControl)
    }

    public var name: String { reader.name }
    public var isSecureElementPresent: Bool { true }
    public func openSession() async throws(SecureComponentError) -> any Session { try await reader.openSession() }
    public func closeSessions() async { await reader.closeSessions() }
}

/// A device whose secure components are simulated.
public struct SimulatorService: SecureElementService {
    public let simulatorReaders: [SimulatorReader]

    public init(_ readers: [SimulatorReader]) {
        simulatorReaders = readers
    }

    public var readers: [any Reader] { simulatorReaders }
}
