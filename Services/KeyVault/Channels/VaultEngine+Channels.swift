import Cryptography
import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI

/// Secure channels: what leaves are wrapped APDUs, durable here before they leave.
extension VaultEngine {
    public func openChannel(_ request: OpenChannelRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> ChannelScript {
        let reference = request.keys.name
        return try await perform(VaultCall(.openChannel, caller.identity, process: request.process, keys: [reference]), caller) { call, sealer in
            let (parameter, level) = try checkSecurity(request)
            let keys = try await staticKeys(request.keys, for: .openChannel, keyVersionNumber: request.keyVersionNumber, sealer)
            let hostChallenge = try environment.publicRandom.bytes(parameter.challengeLength)
            var content = ChannelContent(
                keys: request.keys, keyVersionNumber: request.keyVersionNumber, securityDomain: request.securityDomain, parameter: parameter.rawValue,
                level: level.rawValue, hostChallenge: HexBytes(hostChallenge), isPredicted: false)
            let id = environment.uuid()
            var script = ChannelScript(
                channelId: id,
                initializeUpdate: HexBytes(SCP03HostSession.initializeUpdate(kvn: request.keyVersionNumber, hostChallenge: hostChallenge).bytes),
                externalAuthenticate: nil, wrapped: [])
            var issued: [String] = []
            switch request.mode {
            case .challenge:
                guard request.commands.isEmpty else { throw KeyVaultError(.invalidRequest, "commands come with authenticate when the card's challenge is random") }
                call.detail = "level \(level), challenge awaited"
            case .predicted(let counter):
                guard let counter = SequenceCounter(bytes: counter.bytes) else { throw KeyVaultError(.invalidRequest, "a sequence counter has three bytes") }
                var session = try SCP03HostSession(
                    predicting: keys, level: level, parameter: parameter, keyVersionNumber: request.keyVersionNumber, hostChallenge: hostChallenge,
                    sequenceCounter: counter, securityDomain: request.securityDomain)
                content.isPredicted = true
                content.isCounted = true
                issued = try await fill(&script, &session, request.commands, keys, content, sealer)
                content.session = session.exportedState
                call.detail = "level \(level), counter \(counter) predicted, \(session.exportedState.counter) commands"
            }
            call.keys += issued.map { KeyReference.keySet(id: $0).name }
            let record = ChannelRecord(
                id: id, caller: caller.identity, process: request.process, reference: reference, state: content.isPredicted ? .active : .awaitingChallenge,
                version: 0, sealed: try ChannelRecord.seal(content, id: id, sealer))
            let nonce = try ChannelRecord.nonce(reference: reference, hostChallenge: hostChallenge)
            let (now, limit, counts, keySets) = (milliseconds, settings.limits.unprovenAuthentications, content.isCounted, issued)
            try await commit(call) { db in
                try Self.requireStill(.openChannel, request.keys, db)
                if counts {
                    try AuthenticationCounter.count(reference, limit: limit, db)
                } else {
                    try AuthenticationCounter.requireRoom(reference, limit: limit, db)
                }
                try Self.letGo(keySets, db)
                try record.insert(nonce: nonce, at: now, db)
            }
            return script
        }
    }

    public func authenticate(channel id: String, _ request: AuthenticateChannelRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> ChannelScript {
        try await perform(VaultCall(.authenticateChannel, caller.identity), caller) { call, sealer in
            let record = try await read { db in try ChannelRecord.require(id, caller: caller.identity, db) }
            (call.process, call.keys) = (record.process, [record.reference])
            guard record.state == .awaitingChallenge else { throw KeyVaultError(.wrongState, "channel \(id) is not waiting for a card challenge") }
            var content = try record.content(sealer)
            let keys = try await staticKeys(content.keys, for: .openChannel, keyVersionNumber: nil, sealer)
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
                call.detail = "closed"
                try await commit(call, outcome: "closed") { db in try record.update(state: .closed, sealed: nil, db) }
                throw KeyVaultError(.cardCryptogramMismatch, "the card does not hold \(record.reference): its cryptogram is wrong; channel \(id) is closed")
            }
            content.sequenceCounter = try provenCounter(response, keys, content.securityDomain)
            content.isCounted = true
            var script = ChannelScript(channelId: id, initializeUpdate: nil, externalAuthenticate: nil, wrapped: [])
            let issued = try await fill(&script, &session, request.commands, keys, content, sealer)
            content.session = session.exportedState
            call.keys += issued.map { KeyReference.keySet(id: $0).name }
            call.detail = "level \(session.level), \(session.exportedState.counter) commands"
            let sealed = try ChannelRecord.seal(content, id: id, sealer)
            let (limit, reference) = (settings.limits.unprovenAuthentications, content.keys)
            try await commit(call) { db in
                try Self.requireStill(.openChannel, reference, db)
                try AuthenticationCounter.count(record.reference, limit: limit, db)
                try Self.letGo(issued, db)
                try record.update(state: .active, sealed: sealed, db)
            }
            return script
        }
    }

    public func continueChannel(_ id: String, _ request: ContinueChannelRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> ChannelScript {
        try await perform(VaultCall(.continueChannel, caller.identity), caller) { call, sealer in
            let record = try await read { db in try ChannelRecord.require(id, caller: caller.identity, db) }
            (call.process, call.keys) = (record.process, [record.reference])
            guard record.state == .active else { throw KeyVaultError(.wrongState, "channel \(id) takes no more commands: open another one") }
            var content = try record.content(sealer)
            guard let state = content.session else { throw KeyVaultError(.internalError, "channel \(id) has no session") }
            let keys = try await staticKeys(content.keys, for: .openChannel, keyVersionNumber: nil, sealer)
            var session = try SCP03HostSession(resuming: state, staticKeys: keys)
            var script = ChannelScript(channelId: id, initializeUpdate: nil, externalAuthenticate: nil, wrapped: [])
            let issued = try await fill(&script, &session, request.commands, keys, content, sealer)
            content.session = session.exportedState
            call.keys += issued.map { KeyReference.keySet(id: $0).name }
            call.detail = "commands up to \(session.exportedState.counter)"
            let (sealed, reference) = (try ChannelRecord.seal(content, id: id, sealer), content.keys)
            try await commit(call) { db in
                try Self.requireStill(.openChannel, reference, db)
                try Self.letGo(issued, db)
                try record.update(state: .active, sealed: sealed, db)
            }
            return script
        }
    }

    public func closeChannel(_ id: String, _ caller: VaultCaller) async throws(KeyVaultError) {
        try await perform(VaultCall(.closeChannel, caller.identity), caller) { call, _ in
            let record = try await read { db in try ChannelRecord.require(id, caller: caller.identity, db) }
            (call.process, call.keys) = (record.process, [record.reference])
            guard record.state != .closed else { return }
            try await commit(call) { db in try record.update(state: .closed, sealed: nil, db) }
        }
    }

    /// Channels that nobody closed lose what they kept; their challenges stay known as used.
    func forgetOldChannels() async throws {
        let before = milliseconds - Int64(settings.limits.channelRetention) * 1000
        let forgotten = try await store.write { db in
            try db.run("UPDATE channel SET state = 'closed', sealed = NULL, version = version + 1 WHERE opened_at < ? AND sealed IS NOT NULL", [before])
            return db.changesCount
        }
        if forgotten > 0 { logger.info("forgot channels that were never closed", metadata: ["count": "\(forgotten)"]) }
    }

    /// EXTERNAL AUTHENTICATE if it is due, and the commands.
    /// - Returns: the key sets in directives.
    private func fill(
        _ script: inout ChannelScript, _ session: inout SCP03HostSession, _ commands: [ChannelCommand], _ keys: SCP03StaticKeys, _ content: ChannelContent,
        _ sealer: Sealer
    ) async throws -> [String] {
        if !session.exportedState.isStarted { script.externalAuthenticate = HexBytes(try session.externalAuthenticate().bytes) }
        guard commands.count <= settings.limits.commandsPerChannel else { throw tooManyCommands }
        let expanded = try await expand(
            commands, under: keys, keyVersionNumber: content.keyVersionNumber, maximumPayload: session.maximumPayload, sealer)
        script.wrapped = try session.wrap(expanded)
        guard session.exportedState.counter <= UInt64(settings.limits.commandsPerChannel) else { throw tooManyCommands }
        return expanded.compactMap(\.keySetId)
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
    private static func letGo(_ keySets: [String], _ db: Database) throws {
        for id in keySets {
            try KeySetPolicy.require(.putOnCard, of: try KeySetRecord.require(id, db))
            try db.run("UPDATE key_set SET may_be_on_card = 1 WHERE id = ?", [id])
        }
    }
}
