import Cryptography
import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI

/// Secure channels: what leaves are wrapped APDUs, durable here before they leave.
extension VaultEngine {
    public func openChannel(_ request: OpenChannelRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> ChannelScript {
        let call = VaultCall(.openChannel, caller.identity, process: request.process, keys: [request.keys.name])
        return try await transact(call, caller) { work, call in try work.openChannel(request, &call) }
    }

    /// A wrong cryptogram closes the channel, whatever else becomes of the call.
    public func authenticate(channel id: String, _ request: AuthenticateChannelRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> ChannelScript {
        try await transact(keeping: VaultCall(.authenticateChannel, caller.identity), caller) { work, call in try work.authenticate(channel: id, request, &call) }
    }

    public func continueChannel(_ id: String, _ request: ContinueChannelRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> ChannelScript {
        try await transact(VaultCall(.continueChannel, caller.identity), caller) { work, call in try work.continueChannel(id, request, &call) }
    }

    public func closeChannel(_ id: String, _ caller: VaultCaller) async throws(KeyVaultError) {
        try await transact(VaultCall(.closeChannel, caller.identity), caller) { work, call in try work.closeChannel(id, &call) }
    }

    /// Housekeeping. Channels that nobody closed lose what they kept, their challenges stay known as used; answers to batches and host challenges
    /// that have expired go, whether or not another batch or challenge comes.
    func forgetWhatExpired() async throws {
        let now = milliseconds
        let before = now - Int64(settings.limits.channelRetention) * 1000
        let forgotten = try await store.write { db in
            try BatchMemory.forgetExpired(at: now, db)
            try db.run("DELETE FROM host_challenge WHERE expires_at <= ?", [now])
            try db.run("DELETE FROM process_key WHERE created_at < ?", [before])
            try db.run("UPDATE channel SET state = 'closed', sealed = NULL, version = version + 1 WHERE opened_at < ? AND sealed IS NOT NULL", [before])
            return db.changesCount
        }
        if forgotten > 0 { logger.info("forgot channels that were never closed", metadata: ["count": "\(forgotten)"]) }
    }
}

extension VaultWork {
    func openChannel(_ request: OpenChannelRequest, _ call: inout VaultCall) throws -> ChannelScript {
        let reference = request.keys.name
        (call.process, call.keys) = (request.process, [reference])
        let (parameter, level) = try checkSecurity(request)
        let keys = try staticKeys(request.keys, for: .openChannel, keyVersionNumber: request.keyVersionNumber)
        let hostChallenge = try environment.publicRandom.bytes(parameter.challengeLength)
        var content = ChannelContent(
            keys: request.keys, keyVersionNumber: request.keyVersionNumber, securityDomain: request.securityDomain, parameter: parameter.rawValue,
            level: level.rawValue, hostChallenge: HexBytes(hostChallenge), isPredicted: false)
        let id = environment.uuid()
        var script = ChannelScript(
            channelId: id,
            initializeUpdate: HexBytes(SCP03HostSession.initializeUpdate(kvn: request.keyVersionNumber, hostChallenge: hostChallenge).bytes),
            externalAuthenticate: nil, wrapped: [])
        let limit = settings.limits.unprovenAuthentications
        switch request.mode {
        case .challenge:
            guard request.commands.isEmpty else { throw KeyVaultError(.invalidRequest, "commands come with authenticate when the card's challenge is random") }
            call.detail = "level \(level), challenge awaited"
            try AuthenticationCounter.requireRoom(reference, limit: limit, db)
        case .predicted(let counter):
            guard let counter = SequenceCounter(bytes: counter.bytes) else { throw KeyVaultError(.invalidRequest, "a sequence counter has three bytes") }
            var session = try SCP03HostSession(
                predicting: keys, level: level, parameter: parameter, keyVersionNumber: request.keyVersionNumber, hostChallenge: hostChallenge,
                sequenceCounter: counter, securityDomain: request.securityDomain)
            content.isPredicted = true
            content.isCounted = true
            try fill(&script, &session, request.commands, keys, content, &call)
            content.session = session.exportedState
            call.detail = "level \(level), counter \(counter) predicted, \(session.exportedState.counter) commands"
            try AuthenticationCounter.count(reference, limit: limit, db)
        }
        let record = ChannelRecord(
            id: id, caller: caller.identity, process: request.process, reference: reference, state: content.isPredicted ? .active : .awaitingChallenge,
            version: 0, sealed: try ChannelRecord.seal(content, id: id, sealer))
        try record.insert(nonce: try ChannelRecord.nonce(reference: reference, hostChallenge: hostChallenge), at: milliseconds, db)
        return script
    }

    func authenticate(channel id: String, _ request: AuthenticateChannelRequest, _ call: inout VaultCall) throws -> Result<ChannelScript, KeyVaultError> {
        let record = try ChannelRecord.require(id, caller: caller.identity, db)
        (call.process, call.keys) = (record.process, [record.reference])
        guard record.state == .awaitingChallenge else { throw KeyVaultError(.wrongState, "channel \(id) is not waiting for a card challenge") }
        var content = try record.content(sealer)
        let keys = try staticKeys(content.keys, for: .openChannel, keyVersionNumber: nil)
        let response = try InitializeUpdateResponse(ResponseAPDU(bytes: request.initializeUpdateResponse.bytes))
        var session: SCP03HostSession
        do {
            guard response.parameter.isS16 == SCP03Parameter(rawValue: content.parameter).isS16 else {
                throw KeyVaultError(.invalidRequest, "the card answers with i=\(response.parameter), the channel was opened for i=\(Hex.encode([content.parameter]))")
            }
            session = try SCP03HostSession(
                staticKeys: keys, level: SecurityLevel(rawValue: content.level), keyVersionNumber: content.keyVersionNumber,
                hostChallenge: content.hostChallenge.bytes, response: response)
        } catch SCP03Error.cardCryptogramMismatch {
            // Whatever answers the challenge next would be judged by the same challenge: one try only.
            try record.update(state: .closed, sealed: nil, db)
            return .failure(KeyVaultError(.cardCryptogramMismatch, "the card does not hold \(record.reference): its cryptogram is wrong; channel \(id) is closed"))
        }
        content.sequenceCounter = try provenCounter(response, keys, content.securityDomain)
        content.isCounted = true
        var script = ChannelScript(channelId: id, initializeUpdate: nil, externalAuthenticate: nil, wrapped: [])
        try fill(&script, &session, request.commands, keys, content, &call)
        content.session = session.exportedState
        call.detail = "level \(session.level), \(session.exportedState.counter) commands"
        try AuthenticationCounter.count(record.reference, limit: settings.limits.unprovenAuthentications, db)
        try record.update(state: .active, sealed: try ChannelRecord.seal(content, id: id, sealer), db)
        return .success(script)
    }

    func continueChannel(_ id: String, _ request: ContinueChannelRequest, _ call: inout VaultCall) throws -> ChannelScript {
        let record = try ChannelRecord.require(id, caller: caller.identity, db)
        (call.process, call.keys) = (record.process, [record.reference])
        guard record.state == .active else { throw KeyVaultError(.wrongState, "channel \(id) takes no more commands: open another one") }
        var content = try record.content(sealer)
        guard let state = content.session else { throw KeyVaultError(.internalError, "channel \(id) has no session") }
        let keys = try staticKeys(content.keys, for: .openChannel, keyVersionNumber: nil)
        var session = try SCP03HostSession(resuming: state, staticKeys: keys)
        var script = ChannelScript(channelId: id, initializeUpdate: nil, externalAuthenticate: nil, wrapped: [])
        try fill(&script, &session, request.commands, keys, content, &call)
        content.session = session.exportedState
        call.detail = "commands up to \(session.exportedState.counter)"
        try record.update(state: .active, sealed: try ChannelRecord.seal(content, id: id, sealer), db)
        return script
    }

    func closeChannel(_ id: String, _ call: inout VaultCall) throws {
        let record = try ChannelRecord.require(id, caller: caller.identity, db)
        (call.process, call.keys) = (record.process, [record.reference])
        guard record.state != .closed else { return call.changesNothing = true }
        try record.update(state: .closed, sealed: nil, db)
    }

    /// EXTERNAL AUTHENTICATE if it is due, and the commands. Key sets in directives may be on a card from now on.
    private func fill(
        _ script: inout ChannelScript, _ session: inout SCP03HostSession, _ commands: [ChannelCommand], _ keys: SCP03StaticKeys, _ content: ChannelContent,
        _ call: inout VaultCall
    ) throws {
        if !session.exportedState.isStarted { script.externalAuthenticate = HexBytes(try session.externalAuthenticate().bytes) }
        guard commands.count <= settings.limits.commandsPerChannel else { throw tooManyCommands }
        let expanded = try expand(commands, under: keys, keyVersionNumber: content.keyVersionNumber, securityDomain: content.securityDomain, maximumPayload: session.maximumPayload)
        script.wrapped = try session.wrap(expanded)
        guard session.exportedState.counter <= UInt64(settings.limits.commandsPerChannel) else { throw tooManyCommands }
        let issued = expanded.compactMap(\.keySetId)
        call.keys += issued.map { KeyReference.keySet(id: $0).name }
        try letGo(issued)
    }

    private var tooManyCommands: KeyVaultError {
        KeyVaultError(.invalidRequest, "a channel carries at most \(settings.limits.commandsPerChannel) commands: open another one")
    }

    private func checkSecurity(_ request: OpenChannelRequest) throws(KeyVaultError) -> (SCP03Parameter, SecurityLevel) {
        guard request.keyVersionNumber != 0 else { throw KeyVaultError(.invalidRequest, "key version 0 leaves the choice to the card and is not allowed") }
        guard request.process.utf8.count <= 128 else { throw KeyVaultError(.invalidRequest, "a process has at most 128 bytes") }
        let (parameter, level) = (SCP03Parameter(rawValue: request.scpParameter), SecurityLevel(rawValue: request.securityLevel))
        guard level.isSuperset(of: .commands) else { throw KeyVaultError(.invalidRequest, "security level \(level) is below 03") }
        guard level.isOffered(by: parameter) else { throw KeyVaultError(.invalidRequest, "security level \(level) is not offered by a card with i=\(parameter)") }
        return (parameter, level)
    }

    /// The counter in the card's answer, if the challenge is the one that follows from it.
    func provenCounter(_ response: InitializeUpdateResponse, _ keys: SCP03StaticKeys, _ securityDomain: AID) throws(SCP03Error) -> HexBytes? {
        guard let counter = response.sequenceCounter else { return nil }
        let challenge = try SCP03KeyDerivation.pseudoRandomCardChallenge(
            keyEnc: keys.enc, sequenceCounter: counter, securityDomain: securityDomain, parameter: response.parameter)
        return constantTimeEqual(challenge, response.cardChallenge) ? HexBytes(counter.bytes) : nil
    }

    /// Key sets whose bytes are about to leave in a script: from now on they may be on a card.
    private func letGo(_ keySets: [String]) throws {
        for id in keySets { try db.run("UPDATE key_set SET may_be_on_card = 1 WHERE id = ?", [id]) }
    }
}
