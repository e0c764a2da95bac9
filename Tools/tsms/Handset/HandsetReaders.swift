import GlobalPlatform
import SecureComponent
import SecureComponentSimulator
import Synchronization

/// Where a handset's secure components are.
enum HandsetReaders: Sendable {
    struct PCSC: Sendable {
        /// Name, or its beginning.
        var reader: String
        var issuerSecurityDomain: AID
        /// Whether a card without an access rule application may be used.
        var allowsWithoutRules: Bool
        /// Where the dialog is written down; nil: nowhere.
        var transcript: String?
    }

    /// The testbed's files.
    case simulated
    /// In one reader of this machine.
    case pcsc(PCSC)

    struct Opened: Sendable {
        var service: any SecureElementService
        var issuerSecurityDomain: AID
        var simulated: [SimulatorReader] = []
        var locks: [CardLock] = []
        var recorder: TranscriptRecorder?
        /// Commands that the components have got so far.
        var commandCount: @Sendable () -> Int
    }

    func open(_ handset: TestbedDescription.Handset, _ layout: TestbedLayout, _ access: AccessControl) async throws -> Opened {
        switch self {
        case .simulated: return try await Self.simulated(handset, layout, access)
        case .pcsc(let choice): return try await Self.pcsc(choice, access)
        }
    }

    private static func simulated(_ handset: TestbedDescription.Handset, _ layout: TestbedLayout, _ access: AccessControl) async throws -> Opened {
        var readers: [SimulatorReader] = []
        var locks: [CardLock] = []
        for component in handset.secureComponents {
            let path = layout.card(handset.name, component.reader)
            locks.append(try await CardLock(path: CardFiles.lock(of: path)))
            readers.append(SimulatorReader(name: component.reader, card: try SimulatedCard(opening: CardFile(path: path)), accessControl: access))
        }
        let cards = readers.map(\.card)
        return Opened(service: SimulatorService(readers), issuerSecurityDomain: .issuerSecurityDomain, simulated: readers, locks: locks) {
            cards.reduce(0) { $0 + $1.commandCount }
        }
    }

    private static func pcsc(_ choice: PCSC, _ access: AccessControl) async throws -> Opened {
        let name = try await PCSCReaders.name(choice.reader)
        var access = access
        access.enforcement = .rules(withoutRuleApplication: choice.allowsWithoutRules ? .allow : .deny)
        let counter = CommandCounter()
        var connector: any CardConnector = CountingConnector(connector: PCSCConnector(reader: name), counter: counter)
        var recorder: TranscriptRecorder?
        if let path = choice.transcript {
            let made = try TranscriptRecorder(about: "card in reader \(name), used by a TSM", path: path)
            connector = RecordingConnector(connector, recorder: made)
            recorder = made
        }
        return Opened(service: CardReaderService([connector], accessControl: access), issuerSecurityDomain: choice.issuerSecurityDomain, recorder: recorder) { counter.count }
    }
}

/// Commands that went to a component.
final class CommandCounter: Sendable {
    private let value = Mutex(0)

    var count: Int { value.withLock { $0 } }
    func increment() { value.withLock { $0 += 1 } }
}

/// A connector whose commands are counted.
struct CountingConnector: CardConnector {
    let connector: any CardConnector
    let counter: CommandCounter

    var name: String { connector.name }
    var isCardPresent: Bool { get async throws(SecureComponentError) { try await connector.isCardPresent } }

    func connect() async throws(SecureComponentError) -> any CardConnection {
        Connection(connection: try await connector.connect(), counter: counter)
    }

    private struct Connection: CardConnection {
        let connection: any CardConnection
        let counter: CommandCounter

        var atr: [UInt8] { connection.atr }

        func transmit(_ command: [UInt8]) async throws(SecureComponentError) -> [UInt8] {
            counter.increment()
            return try await connection.transmit(command)
        }

        func beginTransaction() async throws(SecureComponentError) { try await connection.beginTransaction() }
        func endTransaction() async { await connection.endTransaction() }
        func reset() async throws(SecureComponentError) { try await connection.reset() }
        func disconnect() async { await connection.disconnect() }
    }
}
