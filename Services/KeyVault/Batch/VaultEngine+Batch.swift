import Cryptography
import Foundation
import GRDB
import KeyVaultAPI

/// Several operations in one transaction: each with its own check and its own line in the audit log, all of them or none.
extension VaultEngine {
    public func batch(_ batch: VaultBatch, _ caller: VaultCaller) async throws(KeyVaultError) -> VaultBatchAnswer {
        let call = VaultCall(.batch, caller.identity)
        return try await transact(call, caller) { work in
            guard (1...work.settings.limits.stepsPerBatch).contains(batch.steps.count) else {
                throw KeyVaultError(.invalidRequest, "a batch has 1 to \(work.settings.limits.stepsPerBatch) steps, not \(batch.steps.count)")
            }
            guard let key = batch.idempotencyKey else { return try work.carryOut(batch) }
            guard (1...128).contains(key.utf8.count) else { throw KeyVaultError(.invalidRequest, "an idempotency key has 1 to 128 bytes") }
            let digest = try BatchMemory.digest(of: batch)
            if let known = try BatchMemory.find(key, work) {
                guard known.digest == digest else { throw KeyVaultError(.invalidRequest, "this idempotency key came with another batch before") }
                return try work.run(call) { _, call in
                    call.detail = "repeated: \(batch.steps.count) steps"
                    return known.answer
                }
            }
            let answer = try work.carryOut(batch)
            try BatchMemory.save(answer, key, digest, work)
            return answer
        }
    }
}

extension VaultWork {
    fileprivate func carryOut(_ batch: VaultBatch) throws -> VaultBatchAnswer {
        var made: [VaultStepAnswer] = []
        made.reserveCapacity(batch.steps.count)
        var commands = 0
        for (index, step) in batch.steps.enumerated() {
            do {
                let answer = try run(VaultCall(step.operation, caller.identity)) { work, call in
                    try work.carryOut(step.resolving(made), &call)
                }
                commands += answer.script?.wrapped.reduce(0) { $0 + $1.count } ?? 0
                guard commands <= settings.limits.commandsPerChannel else {
                    throw VaultRefusal(
                        VaultCall(step.operation, caller.identity),
                        KeyVaultError(.invalidRequest, "a batch carries at most \(settings.limits.commandsPerChannel) commands: make it two"))
                }
                made.append(answer)
            } catch var refusal as VaultRefusal {
                refusal.error.reason = "step \(index) (\(step.operation.rawValue)) of a batch of which nothing was done: " + refusal.error.reason
                throw refusal
            }
        }
        return VaultBatchAnswer(steps: made)
    }

    private func carryOut(_ step: VaultStep, _ call: inout VaultCall) throws -> VaultStepAnswer {
        switch step {
        case .createKeySet(let request): return VaultStepAnswer(keySet: try createKeySet(request, &call))
        case .importKeySet(let request): return VaultStepAnswer(keySet: try importKeySet(request, &call))
        case .exportKeySet(let id, let request): return VaultStepAnswer(wrappedKeySet: try exportKeySet(id: id, request, &call))
        case .changeState(let id, let request): return VaultStepAnswer(keySet: try changeState(ofKeySet: id, request, &call))
        case .openChannel(let request): return VaultStepAnswer(script: try openChannel(request, &call))
        case .continueChannel(let id, let request): return VaultStepAnswer(script: try continueChannel(id, request, &call))
        case .report(let id, let report): return VaultStepAnswer(report: try self.report(channel: id, report, &call))
        case .closeChannel(let id):
            try closeChannel(id, &call)
            return VaultStepAnswer()
        case .attestationToken(let request):
            call.process = request.processId
            return VaultStepAnswer(attestationToken: try attestationToken(request, &call))
        case .sealProcessData(let process, let data): return VaultStepAnswer(data: try sealData(of: process, data, &call))
        case .openProcessData(let process, let sealed): return VaultStepAnswer(data: try openData(of: process, sealed, &call))
        case .forgetProcess(let process):
            try forgetProcess(process, &call)
            return VaultStepAnswer()
        }
    }
}

extension VaultStep {
    var operation: VaultOperation {
        switch self {
        case .createKeySet: .createKeySet
        case .importKeySet: .importKeySet
        case .exportKeySet: .exportKeySet
        case .changeState: .changeKeySetState
        case .openChannel: .openChannel
        case .continueChannel: .continueChannel
        case .report: .reportChannel
        case .closeChannel: .closeChannel
        case .attestationToken: .attestationToken
        case .sealProcessData: .sealProcessData
        case .openProcessData: .openProcessData
        case .forgetProcess: .forgetProcess
        }
    }
}
