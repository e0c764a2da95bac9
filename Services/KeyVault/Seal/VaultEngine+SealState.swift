import KeyVaultAPI

/// The one place where the seal's state changes.
extension VaultEngine {
    public var isSealed: Bool { state.reason != nil }

    var state: SealState { memory.withLock { $0.seal } }
    var staysSealed: Bool { if case .sealed(_, let stays) = state { stays } else { false } }
    var rotation: Task<Void, Never>? { memory.withLock { $0.rotation } }
    var rotationFailure: String? { memory.withLock { $0.rotationFailure } }

    func open(_ sealer: Sealer, _ root: any RootKey) {
        memory.withLock { memory in
            memory.seal = .open(sealer, root)
            memory.unsealing?.discard()
        }
    }

    func close(reason: String, stays: Bool) {
        memory.withLock { memory in
            memory.seal = .sealed(reason: reason, stays: stays)
            memory.unsealing?.discard()
            memory.replacing?.discard()
            memory.rotation?.cancel()
        }
    }

    func setRotationFailure(_ reason: String?) { memory.withLock { $0.rotationFailure = reason } }

    /// At most one at a time.
    func startRotation(_ work: @escaping @Sendable () async -> Void) {
        memory.withLock { memory in
            let before = memory.rotation
            memory.rotation = Task {
                await before?.value
                await work()
            }
        }
    }

    func withShares<Value: Sendable>(
        _ purpose: GiveShareRequest.Purpose, threshold: Int, count: Int, _ body: (inout ShareCollection) throws(KeyVaultError) -> Value
    ) throws(KeyVaultError) -> Value {
        let result: Result<Value, KeyVaultError> = memory.withLock { memory in
            var shares = (purpose == .unseal ? memory.unsealing : memory.replacing) ?? ShareCollection(threshold: threshold, count: count)
            let result = Result { () throws(KeyVaultError) in try body(&shares) }
            switch purpose {
            case .unseal: memory.unsealing = shares
            case .rotation: memory.replacing = shares
            }
            return result
        }
        return try result.get()
    }

    /// Shares that are waiting for more.
    func givenShares(_ purpose: GiveShareRequest.Purpose) -> Int {
        let now = environment.now()
        return memory.withLock { memory in
            memory.unsealing?.forgetOld(now)
            memory.replacing?.forgetOld(now)
            return (purpose == .unseal ? memory.unsealing : memory.replacing)?.shares.count ?? 0
        }
    }

    /// What is only in memory.
    struct Memory: Sendable {
        var seal: SealState
        var unsealing: ShareCollection?
        var replacing: ShareCollection?
        var rotation: Task<Void, Never>?
        var rotationFailure: String?
    }
}
