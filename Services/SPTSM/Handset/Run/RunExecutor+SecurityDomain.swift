import DeploymentDocument
import GlobalPlatform
import KeyVaultAPI
import Personalization
import Provisioning
import TrustedServiceModel

/// Sessions with the service's own security domain, under keys that only our vault holds.
extension RunExecutor {
    /// The keys that the domain ends up with between SP and SP TSM (TR: FeatureConfig.keyProvisioningMode, design section 6).
    func finalKeys() throws(RunFailure) -> CreateKeySetRequest {
        let provisioning = context.document.keyProvisioning
        let origin: CreateKeySetRequest.Origin
        switch (provisioning.mode, provisioning.keyIndex) {
        case (1, let index?): origin = .diversified(masterKeyIndex: index, keyDiversificationData: nil, scheme: .kdf3)
        case (1, nil): throw RunFailure(.internalError, "Flavor \(context.document.flavorId) asks for diversified keys but names no master key; the service provider has to set featureConfig.keyIndex")
        default: origin = .random
        }
        return CreateKeySetRequest(
            origin: origin, purpose: .supplementarySecurityDomain, keyLength: context.component.keyLength, keyVersionNumber: context.finalKeyVersion,
            owner: context.document.service.serviceProviderId, label: "final keys, process \(context.process)")
    }

    /// The whole session under a predicted challenge.
    func wholePiece(_ index: Int, _ script: SecurityDomainScript?, _ opened: ChannelScript, _ run: inout RunState) throws(RunFailure) -> OrderPiece {
        guard let script, let initialize = opened.initializeUpdate, let authenticate = opened.externalAuthenticate else {
            throw RunFailure(.internalError, "the key vault left the script incomplete")
        }
        let selects = run.sessions[index].selects
        return piece(index, part: .whole, opening: select(selects) + [initialize, authenticate], opened, script, selects: selects, &run)
    }

    /// SELECT and INITIALIZE UPDATE only.
    func challengePiece(_ index: Int, _ run: inout RunState) async throws(RunFailure) -> OrderPiece {
        guard case .securityDomain(let keys, _) = run.sessions[index].planned else { throw RunFailure(.internalError, "not a session of ours") }
        let opened: ChannelScript
        do {
            opened = try await vault.openChannel(try openRequest(index, keys, run, mode: .challenge, commands: []))
        } catch let failure as RunFailure {
            throw failure
        } catch let error as KeyVaultError {
            throw RunFailure(error)
        } catch {
            throw RunFailure(.internalError, "the channel could not be opened")
        }
        return try ownOpeningPiece(index, opened, &run)
    }

    func ownOpeningPiece(_ index: Int, _ opened: ChannelScript, _ run: inout RunState) throws(RunFailure) -> OrderPiece {
        guard let initialize = opened.initializeUpdate else { throw RunFailure(.internalError, "the key vault left the script incomplete") }
        run.sessions[index].status = .sent
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

    /// Has the vault verify the answers of all our sessions in an order at once: each by its own keys, whatever the others prove.
    /// - Returns: what was found, by session; nothing when one of them cannot be read: then each is asked for alone, in order.
    func verifiedReports(_ layout: OrderLayout, _ parts: [[HexBytes]], _ run: RunState) async throws(RunFailure) -> [Int: VerifiedReport] {
        var sessions: [Int] = []
        var steps: [VaultStep] = []
        for (entry, answers) in zip(layout.entries, parts) where entry.part != .opening && !answers.isEmpty && run.sessions[entry.session].isSecurityDomain {
            guard let channel = run.sessions[entry.session].channelId else { continue }
            sessions.append(entry.session)
            steps.append(.report(id: channel, report: self.report(entry, answers, run.sessions[entry.session]).report))
        }
        guard steps.count > 1 else { return [:] }
        do throws(KeyVaultError) {
            let answers = try await vault.batch(VaultBatch(steps)).steps
            return Dictionary(zip(sessions, answers).compactMap { session, answer in answer.report.map { (session, $0) } }, uniquingKeysWith: { first, _ in first })
        } catch {
            switch error.code {
            case .unreachable, .sealed, .auditUnavailable, .forbidden, .internalError: throw RunFailure(error)
            default: return [:]
            }
        }
    }

    /// - Parameter first: answers before those to wrapped commands.
    private func report(_ entry: OrderLayout.Entry, _ answers: [HexBytes], _ session: RunState.Session) -> (report: ChannelReport, first: Int) {
        var at = entry.part == .whole && session.selects ? 1 : 0
        let initialize = entry.part == .whole && at < answers.count ? answers[at] : nil
        if entry.part == .whole { at += 1 }
        let authenticate = at < answers.count ? answers[at] : nil
        return (ChannelReport(initializeUpdateResponse: initialize, externalAuthenticateResponse: authenticate, responses: Array(answers.dropFirst(at + 1))), at + 1)
    }

    /// - Parameter known: what the vault has found already.
    /// - Returns: false if only the prediction was wrong.
    func verifySecurityDomain(_ entry: OrderLayout.Entry, _ answers: [HexBytes], _ known: VerifiedReport?, _ run: inout RunState) async throws(RunFailure) -> Bool {
        let session = run.sessions[entry.session]
        guard let channel = session.channelId else { throw RunFailure(.internalError, "the session has no channel") }
        if entry.part == .whole && session.selects, let failure = refusal(entry, 0, answers[0]) { throw failure }
        let (asked, header) = self.report(entry, answers, session)
        let report: VerifiedReport
        do throws(KeyVaultError) {
            report = if let known { known } else { try await vault.report(channel: channel, asked) }
        } catch {
            if error.code == .invalidRequest { throw RunFailure(.executionInterrupted, "the handset's report holds answers that cannot belong to this session; call the operation again") }
            throw RunFailure(error)
        }
        if report.outcome == .complete || report.outcome == .stopped { run.note(PersonalizationAnswers.of(session.entries, report.responses)) }
        switch report.outcome {
        case .complete:
            if let failure = unexpectedStatus(session, report) { throw failure }
            try await accept(entry.session, report, &run)
            return true
        case .challengeMismatch where entry.part == .whole:
            return false
        case .stopped:
            if run.purpose == .reconcile, RegistryListing.endsWithEmptyList(commandsPerEntry: session.entries.map { ($0.step, $0.count) }, responses: report.responses) {
                try await accept(entry.session, report, &run, provenEntries: session.entries.count - 1)
                return true
            }
            throw stopped(entry, session, header: header, report)
        case .cardCryptogramMismatch, .challengeMismatch:
            throw RunFailure(.secureComponentError, "the security domain does not hold the expected keys; call the operation again: it starts from what the card really holds")
        case .authenticationRefused:
            let (index, refused) = (header - 1, answers.indices.contains(header - 1) ? answers[header - 1] : HexBytes([]))
            throw refusal(entry, index, refused) ?? RunFailure(.secureComponentError, "the security domain refused our authentication")
        case .responseMACMismatch:
            throw RunFailure(.secureComponentError, "an answer of the secure component was changed on its way (wrong response MAC)")
        }
    }

    /// The last word on a session: proofs, then the states of the keys that it put. The vault is told of them once the proof is durable here.
    /// - Parameter provenEntries: so many have to be proven; nil: all.
    private func accept(_ index: Int, _ report: VerifiedReport, _ run: inout RunState, provenEntries: Int? = nil) async throws(RunFailure) {
        let session = run.sessions[index]
        let rotates = session.entries.contains { $0.step == .rotateKeys }
        let checkValues: [HexBytes] = if rotates { try await finalKeyCheckValues(run) } else { [] }
        if let objection = ContentProof.objection(
            commandsPerEntry: session.entries.prefix(provenEntries ?? session.entries.count).map { ($0.step, $0.count) }, responses: report.responses, finalKeyCheckValues: checkValues,
            finalKeyVersion: context.finalKeyVersion, requiresProof: level.contains(.responseMAC)) {
            throw RunFailure(.secureComponentError, "the secure component did not prove the result: \(objection)")
        }
        if let locked = ContentProof.lockedApplications(commandsPerEntry: session.entries.map { ($0.step, $0.count) }, responses: report.responses) { run.lockedInstances = locked }
        do throws(TSMFailure) {
            if let reading = try RegistryListing.reading(commandsPerEntry: session.entries.map { ($0.step, $0.count) }, responses: report.responses,
                                                         securityDomain: context.document.service.securityDomain) { run.reading = reading }
        } catch {
            throw RunFailure(error)
        }
        guard rotates else { return }
        var tasks = run.keySetTasks ?? []
        if let id = run.keys.finalKeySetId { tasks.append(KeySetTask(keySetId: id, action: .live)) }
        // PUT KEY in place of the first keys is proven: no card holds them any more. Where it is only reported, a card may.
        if let id = run.keys.firstKeySetId { tasks.append(KeySetTask(keySetId: id, action: level.contains(.responseMAC) ? .destroy : .retire)) }
        run.keySetTasks = tasks
    }

    private func finalKeyCheckValues(_ run: RunState) async throws(RunFailure) -> [HexBytes] {
        if let values = run.keys.finalKeyCheckValues { return values }
        guard let id = run.keys.finalKeySetId else { return [] }
        do throws(KeyVaultError) { return try await vault.keySet(id: id).keyCheckValues } catch { throw RunFailure(error) }
    }

    private func stopped(_ entry: OrderLayout.Entry, _ session: RunState.Session, header: Int, _ report: VerifiedReport) -> RunFailure {
        // The first: agents that run on report more behind it.
        guard let index = report.responses.firstIndex(where: { !StatusWord(rawValue: $0.statusWord).allowsContinuation }) else {
            return RunFailure(.executionInterrupted, "the handset's report is shorter than the order; call the operation again: it continues from what the card really holds",
                              command: step(session, at: report.responses.count)?.command)
        }
        let name = entry.stepName(at: header + index) ?? "session"
        let part = self.entry(session, at: index)?.personalization
        var failure = RunFailure.stopped(step: part.map { "\(name): \($0.words)" } ?? name, at: header + index, of: entry.count,
                                         statusWord: StatusWord(rawValue: report.responses[index].statusWord), instruction: nil, command: step(session, at: index)?.command)
        if part == .begins { failure.failure.details += "; an application that takes personalisation data implements org.globalplatform.Application or Personalization" }
        return failure
    }

    /// Every command was answered, but one not as its script expects: what came after it was sent all the same.
    private func unexpectedStatus(_ session: RunState.Session, _ report: VerifiedReport) -> RunFailure? {
        var at = 0
        for entry in session.entries {
            defer { at += entry.count }
            guard let part = entry.personalization, case .command(_, _, let expected) = part, at < report.responses.count else { continue }
            let word = StatusWord(rawValue: report.responses[at].statusWord)
            guard !expected.contains(where: { $0.matches(word) }) else { continue }
            return RunFailure(.secureComponentError, "the card answered '\(entry.step.name): \(part.words)' with \(Hex.encodeUpperCase(word.bytes)): \(word.explanation(ins: Instruction.storeData)); the script expects \(expected.map(\.description).joined(separator: " or "))",
                              command: entry.step.command)
        }
        return nil
    }

    private func step(_ session: RunState.Session, at index: Int) -> ProvisioningStep? { (entry(session, at: index) ?? session.entries.last)?.step }

    private func entry(_ session: RunState.Session, at index: Int) -> RunState.Entry? {
        var end = 0
        for entry in session.entries {
            end += entry.count
            if index < end { return entry }
        }
        return nil
    }

    func script(_ index: Int, _ run: RunState) async throws(RunFailure) -> (SessionKeys, SecurityDomainScript) {
        guard case .securityDomain(let keys, let steps) = run.sessions[index].planned else { throw RunFailure(.internalError, "not a session of ours") }
        var blocks: [AID: [UInt8]] = [:]
        var attestations: [AID: AttestationTokenRequest] = [:]
        let values = steps.contains { $0.needs(context.document) != nil } ? try await provided().values(context.document) : ProgramValues()
        do throws(TSMFailure) {
            for step in steps {
                if case .load(let package) = step, let file = context.document.loadFiles.first(where: { $0.packageAid == package }) {
                    blocks[package] = try await catalogue.loadFileDataBlock(sha256: file.sha256)
                }
                if case .personalize(let instance) = step, let application = context.document.applications.first(where: { $0.instanceAid == instance }), application.provideAttestationToken {
                    attestations[instance] = AttestationTokenRequest(
                        processId: context.process, flavorId: context.document.flavorId,
                        diversifiedKeySetId: application.includeSecurityDomainDiversificationData ? run.keys.finalKeySetId : nil)
                }
            }
            let material = SecurityDomainScript.Material(
                loadFileDataBlocks: blocks, attestations: attestations,
                finalKeySet: run.keys.finalKeySetId.map { ($0, context.finalKeyVersion, context.firstKeyVersion) },
                maximumPayload: level.maximumPayload(parameter), values: values)
            return (keys, try SecurityDomainScript(steps: steps, document: context.document, material: material))
        } catch {
            throw RunFailure(error)
        }
    }

    func openRequest(_ index: Int, _ keys: SessionKeys, _ run: RunState, mode: ChannelMode, commands: [ChannelCommand]) throws(RunFailure) -> OpenChannelRequest {
        guard let keySet = keys == .first ? run.keys.firstKeySetId : run.keys.finalKeySetId else {
            throw RunFailure(.internalError, "there is no key set for \(run.sessions[index].planned.name)")
        }
        return OpenChannelRequest(
            keys: .keySet(id: keySet), keyVersionNumber: keys == .first ? context.firstKeyVersion : context.finalKeyVersion,
            securityDomain: context.document.service.securityDomain, scpParameter: parameter.rawValue, securityLevel: level.rawValue,
            mode: mode, process: context.process, commands: commands)
    }

    private func piece(_ index: Int, part: OrderPiece.Part, opening: [HexBytes], _ made: ChannelScript, _ script: SecurityDomainScript, selects: Bool, _ run: inout RunState) -> OrderPiece {
        run.sessions[index].channelId = made.channelId
        run.sessions[index].selects = selects
        run.sessions[index].entries = zip(script.entries, made.wrapped).map { RunState.Entry(step: $0.step, count: $1.count, personalization: $0.personalization) }
        return OrderPiece(session: index, part: part, commands: opening + made.wrapped.flatMap { $0 }, steps: script.steps(wrapped: made.wrapped, offset: opening.count))
    }

    private func select(_ wanted: Bool) -> [HexBytes] {
        wanted ? [HexBytes(SelectCommand(aid: context.document.service.securityDomain).apdu.bytes)] : []
    }
}
