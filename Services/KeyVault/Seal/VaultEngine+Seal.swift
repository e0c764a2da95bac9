import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI
import PKCS11

/// Opening and sealing by people, and by a token that goes and comes.
extension VaultEngine {
    public func sealStatus(_ caller: VaultCaller) async throws(KeyVaultError) -> SealStatus {
        try await perform(VaultCall(.readSeal, caller.identity), caller) { _ in try await sealStatus() }
    }

    /// Drops every key from memory, and shares that wait for others. Only its custodians, or a restart, open the vault again.
    public func seal(_ caller: VaultCaller) async throws(KeyVaultError) {
        try await perform(VaultCall(.seal, caller.identity), caller) { call in
            try await commit(call) { _ in }
            close(reason: "an operator sealed it; \(isShared ? "its custodians open it" : "a restart opens it")", stays: true)
        }
    }

    /// - Returns: how things stand after it.
    public func giveShare(_ request: GiveShareRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> SealStatus {
        try await perform(VaultCall(.giveShare, caller.identity), caller) { call in
            let share = try RootKeyShare(text: request.share)
            call.keys = ["share:\(Hex.encode(share.set)):\(share.number)"]
            call.detail = "\(share), to \(request.purpose.rawValue)"
            guard case .shares(let threshold, let count) = source else {
                throw KeyVaultError(.usageNotAllowed, "this vault's root key is not shared: its configuration names no rootKeyShares")
            }
            guard (request.purpose == .unseal) == isSealed else {
                throw KeyVaultError(.wrongState, isSealed ? "the vault is sealed: open it before its root key is changed" : "the vault is open already")
            }
            let now = environment.now()
            let key = try withShares(request.purpose, threshold: threshold, count: count) { (shares: inout ShareCollection) throws(KeyVaultError) in try shares.take(share, at: now) }
            guard let key else {
                call.detail += ", \(givenShares(request.purpose)) of \(threshold) given"
                try await commit(call) { _ in }
                return try await sealStatus()
            }
            let root = try SoftwareRootKey(key)
            switch request.purpose {
            case .unseal:
                try await unlock(root)
                call.detail += ", the last that was needed: the vault is open"
                try await commit(call) { _ in }
            case .rotation: try await rotate(to: root, &call)
            }
            return try await sealStatus()
        }
    }

    /// Looks after a token: seals the vault when it is gone, and opens it when it is back. Does nothing to a vault that people sealed or open.
    public func watchToken() async {
        guard case .token = source else { return }
        if isSealed {
            guard !staysSealed else { return }
            do {
                try await unlocking.pass { [self] in
                    if isSealed { try await unlockFromSource() }
                }
                if !isSealed { logger.notice("the token is there: the vault is open") }
            } catch {
                close(reason: KeyVaultError(mapping: error).reason, stays: false)
            }
        } else if case .open(_, let root) = state {
            do {
                try await offLoop { try root.check() }
            } catch {
                let reason = KeyVaultError(mapping: error).reason
                logger.error("the vault's token cannot be used", metadata: ["reason": "\(reason)"])
                close(reason: reason, stays: false)
            }
        }
    }

    /// Seals the vault when it was its token as a whole that failed.
    func noteOutage(_ error: any Error) {
        guard let error = error as? TokenFailure, error.isOutage else { return }
        logger.error("the vault's token cannot be used", metadata: ["kind": "\(error.kind.rawValue)", "reason": "\(error.reason)"])
        close(reason: error.reason, stays: false)
    }

    private func sealStatus() async throws -> SealStatus {
        let place: SealStatus.RootKeyPlace = switch source {
        case .key: .memory
        case .file: .file
        case .shares: .shares
        case .token: .token
        }
        var threshold: Int?
        if case .shares(let needed, _) = source { threshold = needed }
        let sealer = try? state.sealer()
        var remaining: Int?
        if let sealer, sealer.keys.count > 1 { remaining = try await scan { db in try RowRewrapping.remaining(sealer, db) } }
        return SealStatus(
            sealed: isSealed, reason: state.reason, rootKey: place, threshold: threshold, given: threshold.map { _ in givenShares(isSealed ? .unseal : .rotation) },
            generation: sealer.map { Int($0.generation) }, remaining: remaining, rotationFailure: rotationFailure)
    }

    private var isShared: Bool { if case .shares = source { true } else { false } }
}
