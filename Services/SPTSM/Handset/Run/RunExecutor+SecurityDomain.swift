import DeploymentDocument
import GlobalPlatform
import KeyVaultAPI
import Provisioning
import TrustedServiceModel

/// Sessions with the service's own security domain, under keys that only our vault holds.
extension RunExecutor {
    /// The keys that the domain ends up with between SP and SP TSM (TR: FeatureConfig.keyProvisioningMode, design section 6).
    func makeFinalKeys(_ run: inout RunState) async throws(RunFailure) {
        let provisioning = context.document.keyProvisioning
        let origin: CreateKeySetRequest.Origin
        switch (provisioning.mode, provisioning.keyIndex) {
        case (1, let index?): origin = .diversified(masterKeyIndex: index, keyDiversificationData: nil, scheme: .kdf3)
        case (1, nil): throw RunFailure(.internalError, "Flavor \(context.document.flavorId) asks for diversified keys but names no master key; the service provider has to set featureConfig.keyIndex")
        default: origin = .random
        }
        do throws(KeyVaultError) {
            run.keys.finalKeySetId = try await vault.createKeySet(CreateKeySetRequest(
                origin: origin, purpose: .supplementarySecurityDomain, keyLength: context.component.keyLength, keyVersionNumber: context.finalKeyVersion,
                owner: context.document.service.serviceProviderId, label: "final keys, process \(context.process)")).id
            run.keys.finalCounter = 0
        } catch {
            throw RunFailure(error)
        }
    }

    /// The whole session under a predicted challenge.
    func wholePiece(_ index: Int, selects: Bool, _ run: inout RunState) async throws(RunFailure) -> OrderPiece {
        let (keys, script) = try await script(index, run)
        let counter = keys == .first ? 1 : run.keys.finalCounter + 1
        guard let sequenceCounter = SequenceCounter(UInt32(counter)) else { throw RunFailure(.secureComponentError, "the security domain's sequence counter is exhausted") }
        let opened = try await open(index, keys, run, mode: .predicted(sequenceCounter: HexBytes(sequenceCounter.bytes)), commands: script.commands)
        guard let initialize = opened.initializeUpdate, let authenticate = opened.externalAuthenticate else { throw RunFailure(.internalError, "the key vault left the script incomplete") }
        if keys == .final { run.keys.finalCounter = counter }
        run.sessions[index].counter = counter
        return piece(index, part: .whole, opening: select(selects) + [initialize, authenticate], opened, script, selects: selects, &run)
    }

    /// SELECT and INITIALIZE UPDATE only.
    func challengePiece(_ index: Int, _ run: inout RunState) async throws(RunFailure) -> OrderPiece {
        guard case .securityDomain(let keys, _) = run.sessions[index].planned else { throw RunFailure(.internalError, "not a session of ours") }
        let opened = try await open(index, keys, run, mode: .challenge, commands: [])
        guard let initialize = opened.initializeUpdate else { throw RunFailure(.internalError, "the key vault left the script incomplete") }
        run.sessions[index].channelId = opened.channelId
        run.sessions[index].selects = true
        let commands = select(true) + [initialize]
        return OrderPiece(session: index, part: .opening, commands: commands, steps: [OrderPiece.Step(name: "open secure channel", first: 0, count: commands.count)])
    }

    /// EXTERNAL AUTHENTICATE and the commands, once the card's challenge is known.
    func securityDomainRest(_ index: Int, _ answers: [HexBytes], _ run: inout RunState) async throws(RunFailure) -> OrderPiece {
        let (keys, script) = try await script(index, run)
        guard let channel = run.sessions[index].channelId, let answer = answers.last else { throw RunFailure(.internalError, "the session has no channel") }
        let continued: ChannelScript
        do throws(KeyVaultError) {
            continued = try await vault.authenticate(channel: channel, AuthenticateChannelRequest(initializeUpdateResponse: answer, commands: script.commands))
        } catch {
            throw RunFailure(error)
        }
        guard let authenticate = continued.externalAuthenticate else { throw RunFailure(.internalError, "the key vault left the script incomplete") }
        // The vault has verified the cryptogram over this challenge; a wrong counter could only spoil the next prediction.
        if keys == .final, let response = try? ResponseAPDU(bytes: answer.bytes), let counter = (try? InitializeUpdateResponse(response))?.sequenceCounter {
            run.keys.finalCounter = Int(counter.value)
        }
        return piece(index, part: .rest, opening: [authenticate], continued, script, selects: false, &run)
    }

    /// - Returns: false if only the prediction was wrong.
    func verifySecurityDomain(_ entry: OrderLayout.Entry, _ answers: [HexBytes], _ run: inout RunState) async throws(RunFailure) -> Bool {
        let session = run.sessions[entry.session]
        guard let channel = session.channelId else { throw RunFailure(.internalError, "the session has no channel") }
        var at = 0
        if entry.part == .whole && session.selects {
            if let failure = refusal(entry, 0, answers[0]) { throw failure }
            at = 1
        }
        let initialize = entry.part == .whole && at < answers.count ? answers[at] : nil
        if entry.part == .whole { at += 1 }
        let authenticate = at < answers.count ? answers[at] : nil
        let wrapped = Array(answers.dropFirst(at + 1))
        let report: VerifiedReport
        do throws(KeyVaultError) {
            report = try await vault.report(channel: channel, ChannelReport(initializeUpdateResponse: initialize, externalAuthenticateResponse: authenticate, responses: wrapped))
        } catch {
            if error.code == .invalidRequest { throw RunFailure(.executionInterrupted, "the handset's report holds answers that cannot belong to this session; call the operation again") }
            throw RunFailure(error)
        }
        switch report.outcome {
        case .complete:
            try await accept(entry.session, report, run)
            return true
        case .challengeMismatch where entry.part == .whole:
            return false
        case .stopped:
            throw stopped(entry, session, header: at + 1, report)
        case .cardCryptogramMismatch, .challengeMismatch:
            throw RunFailure(.secureComponentError, "the security domain does not hold the expected keys; call the operation again: it starts from what the card really holds")
        case .authenticationRefused:
            throw RunFailure(.secureComponentError, "the security domain refused our authentication")
        case .responseMACMismatch:
            throw RunFailure(.secureComponentError, "an answer of the secure component was changed on its way (wrong response MAC)")
        }
    }

    /// The last word on a session: proofs, then the states of the keys that it put.
    private func accept(_ index: Int, _ report: VerifiedReport, _ run: RunState) async throws(RunFailure) {
        let session = run.sessions[index]
        let rotates = session.entries.contains { $0.step == .rotateKeys }
        let checkValues: [HexBytes] = if rotates, let id = run.keys.finalKeySetId { try await keySet(id).keyCheckValues } else { [] }
        if let objection = ContentProof.objection(
            commandsPerEntry: session.entries.map { ($0.step, $0.count) }, responses: report.responses, finalKeyCheckValues: checkValues,
            finalKeyVersion: context.finalKeyVersion, requiresProof: level.contains(.responseMAC)) {
            throw RunFailure(.secureComponentError, "the secure component did not prove the result: \(objection)")
        }
        guard rotates else { return }
        if let id = run.keys.finalKeySetId { try await change(id, [.live]) }
        // PUT KEY in place of the first keys is proven: no card holds them any more.
        // After a crash the same report comes again: then they are gone already.
        if let id = run.keys.firstKeySetId, try await keySet(id).state != .destroyed { try await change(id, [.retired, .destroyed]) }
    }

    private func keySet(_ id: String) async throws(RunFailure) -> KeySetDescription {
        do throws(KeyVaultError) { return try await vault.keySet(id: id) } catch { throw RunFailure(error) }
    }

    private func change(_ id: String, _ states: [KeySetState]) async throws(RunFailure) {
        do throws(KeyVaultError) {
            for state in states { _ = try await vault.changeState(ofKeySet: id, ChangeKeySetStateRequest(state: state)) }
        } catch {
            throw RunFailure(error)
        }
    }

    private func stopped(_ entry: OrderLayout.Entry, _ session: RunState.Session, header: Int, _ report: VerifiedReport) -> RunFailure {
        guard let last = report.responses.last, !StatusWord(rawValue: last.statusWord).allowsContinuation else {
            return RunFailure(.executionInterrupted, "the handset's report is shorter than the order; call the operation again: it continues from what the card really holds",
                              command: step(session, at: report.responses.count)?.command)
        }
        let index = report.responses.count - 1
        return .stopped(step: entry.stepName(at: header + index) ?? "session", at: header + index, of: entry.count,
                        statusWord: StatusWord(rawValue: last.statusWord), instruction: nil, command: step(session, at: index)?.command)
    }

    private func step(_ session: RunState.Session, at index: Int) -> ProvisioningStep? {
        var end = 0
        for entry in session.entries {
            end += entry.count
            if index < end { return entry.step }
        }
        return session.entries.last?.step
    }

    private func script(_ index: Int, _ run: RunState) async throws(RunFailure) -> (SessionKeys, SecurityDomainScript) {
        guard case .securityDomain(let keys, let steps) = run.sessions[index].planned else { throw RunFailure(.internalError, "not a session of ours") }
        var blocks: [AID: [UInt8]] = [:]
        var tokens: [AID: [UInt8]] = [:]
        do {
            for step in steps {
                if case .load(let package) = step, let file = context.document.loadFiles.first(where: { $0.packageAid == package }) {
                    blocks[package] = try await catalogue.loadFileDataBlock(sha256: file.sha256)
                }
                if case .personalize(let instance) = step, let application = context.document.applications.first(where: { $0.instanceAid == instance }), application.provideAttestationToken {
                    tokens[instance] = try await vault.attestationToken(AttestationTokenRequest(
                        processId: context.process, flavorId: context.document.flavorId,
                        diversifiedKeySetId: application.includeSecurityDomainDiversificationData ? run.keys.finalKeySetId : nil)).token.bytes
                }
            }
            let material = SecurityDomainScript.Material(
                loadFileDataBlocks: blocks, attestationTokens: tokens,
                finalKeySet: run.keys.finalKeySetId.map { ($0, context.finalKeyVersion, context.firstKeyVersion) },
                maximumPayload: level.maximumPayload(parameter))
            return (keys, try SecurityDomainScript(steps: steps, document: context.document, material: material))
        } catch let failure as TSMFailure {
            throw RunFailure(failure)
        } catch let error as KeyVaultError {
            throw RunFailure(error)
        } catch {
            throw RunFailure(.internalError, "the script could not be made")
        }
    }

    private func open(_ index: Int, _ keys: SessionKeys, _ run: RunState, mode: ChannelMode, commands: [ChannelCommand]) async throws(RunFailure) -> ChannelScript {
        guard let keySet = keys == .first ? run.keys.firstKeySetId : run.keys.finalKeySetId else {
            throw RunFailure(.internalError, "there is no key set for \(run.sessions[index].planned.name)")
        }
        do throws(KeyVaultError) {
            return try await vault.openChannel(OpenChannelRequest(
                keys: .keySet(id: keySet), keyVersionNumber: keys == .first ? context.firstKeyVersion : context.finalKeyVersion,
                securityDomain: context.document.service.securityDomain, scpParameter: parameter.rawValue, securityLevel: level.rawValue,
                mode: mode, process: context.process, commands: commands))
        } catch {
            throw RunFailure(error)
        }
    }

    private func piece(_ index: Int, part: OrderPiece.Part, opening: [HexBytes], _ made: ChannelScript, _ script: SecurityDomainScript, selects: Bool, _ run: inout RunState) -> OrderPiece {
        run.sessions[index].channelId = made.channelId
        run.sessions[index].selects = selects
        run.sessions[index].entries = zip(script.entries, made.wrapped).map { RunState.Entry(step: $0.step, count: $1.count) }
        return OrderPiece(session: index, part: part, commands: opening + made.wrapped.flatMap { $0 }, steps: script.steps(wrapped: made.wrapped, offset: opening.count))
    }

    private func select(_ wanted: Bool) -> [HexBytes] {
        wanted ? [HexBytes(SelectCommand(aid: context.document.service.securityDomain).apdu.bytes)] : []
    }
}
