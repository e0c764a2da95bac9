import GlobalPlatform
import KeyVaultAPI
import SEIAPI

/// Sessions as the key vault's channels.
extension SEIEngine {
    /// The whole script at once, with the counter that the session foresees; without one, SELECT and INITIALIZE UPDATE: the card's answer brings the rest.
    func channelRequest(_ session: SessionRecord, _ component: Component, _ process: String) throws(SEIError) -> OpenChannelRequest {
        var (mode, commands) = (ChannelMode.challenge, [ChannelCommand]())
        if let foreseen = session.counter {
            guard let counter = SequenceCounter(foreseen) else { throw SEIError(.internalError, "a session foresees a counter that does not exist") }
            (mode, commands) = (.predicted(sequenceCounter: HexBytes(counter.bytes)), session.plan.map(\.command))
        }
        return OpenChannelRequest(
            keys: component.keys, keyVersionNumber: component.keyVersionNumber, securityDomain: session.securityDomain(on: component),
            scpParameter: component.scpParameter, securityLevel: component.securityLevel, mode: mode, process: process, commands: commands)
    }

    /// Opens a session that waits for the card's challenge.
    func open(session index: Int, of record: inout DialogRecord, _ component: Component) async throws(SEIError) {
        record.sessions[index].counter = nil
        let request = try channelRequest(record.sessions[index], component, record.process)
        let script: ChannelScript
        do {
            script = try await vault.openChannel(request)
        } catch {
            throw refusal(error, while: "open a channel")
        }
        try record.sessions[index].send(script, component)
    }
}

extension SessionRecord {
    /// What the vault opened for the session is out.
    mutating func send(_ script: ChannelScript, _ component: Component) throws(SEIError) {
        let domain = securityDomain(on: component)
        if counter == nil {
            send(try SessionScript.opening(domain, script), phase: .opening, channel: script.channelId)
        } else {
            send(try SessionScript.whole(domain, plan, script), phase: .predicted, channel: script.channelId)
        }
    }
}
