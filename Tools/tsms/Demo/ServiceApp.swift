import GlobalPlatform
import SecureComponent

/// The service provider's app on the handset as it uses its applets: through OMAPI channels, under the card's access rules.
struct ServiceApp: Sendable {
    let handset: SimulatedHandset
    let reader: String

    /// - Returns: nil when the applet cannot be selected.
    func use<Value: Sendable>(_ applet: AID, _ work: (any SecureComponent.Channel) async throws -> Value) async throws -> Value? {
        let session = try await handset.readers.reader(named: reader).openSession()
        do {
            let value = try await work(try await session.openLogicalChannel(applet))
            await session.close()
            return value
        } catch SecureComponentError.applicationNotFound, SecureComponentError.selectionRefused {
            await session.close()
            return nil
        } catch {
            await session.close()
            throw error
        }
    }

    /// Release of the ticket applet, and its attestation token.
    func ticket(_ applet: AID) async throws -> (release: [UInt8], token: AttestationProof)? {
        try await use(applet) { channel in
            let release = try await Self.transmit(CommandAPDU(cla: 0x80, ins: 0x30, p1: 0, p2: 0, expectedLength: 256), channel)
            return (release, try await AttestationProof(readingFrom: channel))
        }
    }

    func write(_ bytes: [UInt8], to applet: AID) async throws {
        let written: Void? = try await use(applet) { channel in
            _ = try await Self.transmit(CommandAPDU(cla: 0x00, ins: 0xD0, p1: 0, p2: 0, data: bytes), channel)
        }
        guard written != nil else { throw ToolFailure("\(applet) cannot be selected") }
    }

    /// nil: it cannot be selected.
    func read(_ count: Int, from applet: AID) async throws -> [UInt8]? {
        try await use(applet) { try await Self.transmit(CommandAPDU(cla: 0x00, ins: 0xB0, p1: 0, p2: 0, expectedLength: count), $0) }
    }

    private static func transmit(_ command: CommandAPDU, _ channel: any SecureComponent.Channel) async throws -> [UInt8] {
        let response = try await channel.transmit(command)
        guard response.statusWord.isSuccess else { throw ToolFailure("the applet answers \(response.statusWord)") }
        return response.data
    }
}
