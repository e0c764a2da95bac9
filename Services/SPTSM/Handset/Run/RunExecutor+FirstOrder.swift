import DeploymentDocument
import GlobalPlatform
import KeyVaultAPI
import Provisioning
import SEIAPI
import TrustedServiceModel

/// The first order of a run: the vault makes all of it in one batch, so that keys without their script, or a part of the scripts, never exist.
extension RunExecutor {
    /// Steps of the batch, and which of them are what.
    private struct Preparation {
        var steps: [VaultStep] = []
        var firstKeys: Int?
        var finalKeys: Int?
        var channels: [(session: Int, step: Int, script: SecurityDomainScript?)] = []

        mutating func add(_ step: VaultStep) -> Int {
            steps.append(step)
            return steps.count - 1
        }
    }

    func firstPieces(_ run: inout RunState, _ dialog: SEI.Dialog?) async throws(RunFailure) -> [OrderPiece] {
        // IDs in the draft stand for what the batch will make.
        var draft = run
        let prepared = try await prepare(&draft, dialog)
        let answers = try await carryOut(prepared.steps)
        run.sessions = draft.sessions
        run.keys.finalCounter = draft.keys.finalCounter
        if let step = prepared.firstKeys { run.keys.firstKeySetId = answers[step].keySet?.id }
        if let step = prepared.finalKeys {
            run.keys.finalKeySetId = answers[step].keySet?.id
            run.keys.finalKeyCheckValues = answers[step].keySet?.keyCheckValues
        }
        guard run.challenge == .predictable else {
            if let channel = prepared.channels.first {
                return [try ownOpeningPiece(channel.session, try script(answers[channel.step]), &run)]
            }
            return [try await openingPiece(0, &run, issuerDialog: dialog)]
        }
        var pieces: [OrderPiece] = []
        for index in PersonalizationPortions.firstOrder(run.sessions.map(\.planned)) {
            run.sessions[index].status = .sent
            if let channel = prepared.channels.first(where: { $0.session == index }) {
                pieces.append(try wholePiece(index, channel.script, try script(answers[channel.step]), &run))
            } else {
                guard let dialog else { throw RunFailure(.internalError, "the plan's issuer session has no dialog") }
                pieces.append(try issuerPiece(index, whole: true, dialog: dialog, run))
            }
        }
        return pieces
    }

    private func prepare(_ run: inout RunState, _ dialog: SEI.Dialog?) async throws(RunFailure) -> Preparation {
        var prepared = Preparation()
        for first in dialog?.firstKeySets ?? [] where first.securityDomain == context.document.service.securityDomain {
            prepared.firstKeys = prepared.add(.importKeySet(request: ImportKeySetRequest(
                wrapped: first.keySet, purpose: .supplementarySecurityDomain, owner: context.document.service.serviceProviderId,
                label: "first keys, process \(context.process)")))
            run.keys.firstKeySetId = prepared.firstKeys.map(VaultBatch.made)
        }
        if run.sessions.contains(where: { $0.planned.rotatesKeys }) {
            prepared.finalKeys = prepared.add(.createKeySet(request: try finalKeys()))
            run.keys.finalKeySetId = prepared.finalKeys.map(VaultBatch.made)
            run.keys.finalCounter = 0
        }
        switch run.challenge {
        case .predictable:
            for index in PersonalizationPortions.firstOrder(run.sessions.map(\.planned)) where run.sessions[index].isSecurityDomain {
                let (keys, script) = try await script(index, run)
                let counter = keys == .first ? 1 : run.keys.finalCounter + 1
                guard let sequenceCounter = SequenceCounter(UInt32(counter)) else { throw RunFailure(.secureComponentError, "the security domain's sequence counter is exhausted") }
                if keys == .final { run.keys.finalCounter = counter }
                run.sessions[index].counter = counter
                run.sessions[index].selects = !(index > 0 && run.sessions[index - 1].isSecurityDomain)
                let request = try openRequest(index, keys, run, mode: .predicted(sequenceCounter: HexBytes(sequenceCounter.bytes)), commands: script.commands)
                prepared.channels.append((index, prepared.add(.openChannel(request: request)), script))
            }
        case .random:
            if let first = run.sessions.first, case .securityDomain(let keys, _) = first.planned {
                let request = try openRequest(0, keys, run, mode: .challenge, commands: [])
                prepared.channels.append((0, prepared.add(.openChannel(request: request)), nil))
            }
        }
        return prepared
    }

    private func carryOut(_ steps: [VaultStep]) async throws(RunFailure) -> [VaultStepAnswer] {
        if steps.isEmpty { return [] }
        do throws(KeyVaultError) {
            return try await vault.batch(VaultBatch(steps)).steps
        } catch {
            throw RunFailure(error)
        }
    }

    private func script(_ answer: VaultStepAnswer) throws(RunFailure) -> ChannelScript {
        guard let script = answer.script else { throw RunFailure(.internalError, "the key vault left the script incomplete") }
        return script
    }
}

extension PlannedSession {
    var rotatesKeys: Bool { if case .securityDomain(_, let steps) = self { steps.contains(.rotateKeys) } else { false } }
}
