import GlobalPlatform

/// A connector whose dialogs are written down.
public struct RecordingConnector: CardConnector {
    private let connector: any CardConnector
    private let recorder: TranscriptRecorder

    public init(_ connector: any CardConnector, recorder: TranscriptRecorder) {
        self.connector = connector
        self.recorder = recorder
    }

    public var name: String { connector.name }

    public var isCardPresent: Bool {
        get async throws(SecureComponentError) { try await connector.isCardPresent }
    }

    public func connect() async throws(SecureComponentError) -> any CardConnection {
        RecordingConnection(connection: try await connector.connect(), recorder: recorder)
    }
}

/// A connection whose dialog is written down.
struct RecordingConnection: CardConnection {
    let connection: any CardConnection
    let recorder: TranscriptRecorder

    var atr: [UInt8] { connection.atr }

    func transmit(_ command: [UInt8]) async throws(SecureComponentError) -> [UInt8] {
        do throws(SecureComponentError) {
            let response = try await connection.transmit(command)
            recorder.note(atr: atr, command: command, response: response)
            return response
        } catch {
            if let failure = Transcript.Failure(error) { recorder.note(atr: atr, command: command, response: [], failure: failure) }
            throw error
        }
    }

    func beginTransaction() async throws(SecureComponentError) { try await connection.beginTransaction() }
    func endTransaction() async { await connection.endTransaction() }

    func reset() async throws(SecureComponentError) {
        try await connection.reset()
        recorder.noteReset()
    }

    func disconnect() async { await connection.disconnect() }
}
