import GlobalPlatform
import KeyVaultAPI
import SEIAPI

/// Sessions as the key vault's channels.
extension SEIEngine {
    /// The whole script at once, with the counter that the session foresees.
    func predict(_ session: inout SessionRecord, _ component: Component, _ process: String) async throws(SEIError) {
        guard let counter = session.counter.flatMap({ SequenceCounter($0) }) else { throw SEIError(.internalError, "a predicted session without a counter") }
        let channel = try await openChannel(component, process, .predicted(sequenceCounter: HexBytes(counter.bytes)), session.plan.map(\.command))
        session.send(try SessionScript.whole(component, session.plan, channel), phase: .predicted, channel: channel.channelId)
    }

    /// SELECT and INITIALIZE UPDATE; the card's answer brings the rest.
    func open(session index: Int, of record: inout DialogRecord, _ component: Component) async throws(SEIError) {
        let channel = try await openChannel(component, record.process, .challenge, [])
        record.sessions[index].counter = nil
        record.sessions[index].send(try SessionScript.opening(component, channel), phase: .opening, channel: channel.channelId)
    }

    private func openChannel(_ component: Component, _ process: String, _ mode: ChannelMode, _ commands: [ChannelCommand]) async throws(SEIError) -> ChannelScript {
        do {
            return try await vault.openChannel(OpenChannelRequest(
                keys: component.keys, keyVersionNumber: component.keyVersionNumber, securityDomain: component.issuerSecurityDomain,
                scpParameter: component.scpParameter, securityLevel: component.securityLevel, mode: mode, process: process, commands: commands))
        } catch {
            throw refusal(error, while: "open a channel")
        }
    }

    /// A channel that stays open only costs the vault memory, so a failure is logged and nothing more.
    func closeChannels(of record: DialogRecord) async {
        for session in record.sessions {
            if let channel = session.channelId { await closeChannel(channel) }
        }
    }

    /// - Returns: false where it is worth another try.
    @discardableResult
    func closeChannel(_ id: String) async -> Bool {
        do {
            try await vault.closeChannel(id)
        } catch {
            if error.code == .notFound { return true }
            logger.warning("a channel could not be closed", metadata: ["channel": "\(id)", "reason": "\(error.reason)"])
            return false
        }
        return true
    }

    /// Channels of verified sessions: the vault need not keep their keys and answers.
    func closeFinishedChannels() async throws(SEIError) {
        for channel in try await read({ db in try ChannelTaskTable.next(1000, db) }) {
            // The vault is away: the rest can wait for it, too.
            guard await closeChannel(channel) else { return }
            try await write { db in try ChannelTaskTable.delete(channel, db) }
        }
    }
}
