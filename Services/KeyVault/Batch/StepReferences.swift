import KeyVaultAPI

/// `#n` in a step stands for the key set or channel that step n made. Pure.
extension VaultStep {
    /// The step with the IDs themselves.
    /// - Parameter made: the answers of the steps before.
    /// - Throws: `invalidRequest` for a reference to anything else than an earlier step that made what is meant.
    func resolving(_ made: [VaultStepAnswer]) throws(KeyVaultError) -> VaultStep {
        switch self {
        case .createKeySet, .importKeySet: return self
        case .exportKeySet(let id, let request): return .exportKeySet(id: try Self.keySet(id, made), request: request)
        case .changeState(let id, let request): return .changeState(id: try Self.keySet(id, made), request: request)
        case .openChannel(var request):
            if case .keySet(let id) = request.keys { request.keys = .keySet(id: try Self.keySet(id, made)) }
            try Self.resolve(&request.commands, made)
            return .openChannel(request: request)
        case .continueChannel(let id, var request):
            try Self.resolve(&request.commands, made)
            return .continueChannel(id: try Self.channel(id, made), request: request)
        case .report(let id, let report): return .report(id: try Self.channel(id, made), report: report)
        case .closeChannel(let id): return .closeChannel(id: try Self.channel(id, made))
        case .attestationToken(let request): return .attestationToken(request: try Self.resolving(request, made))
        case .sealProcessData, .openProcessData, .forgetProcess: return self
        }
    }

    private static func resolve(_ commands: inout [ChannelCommand], _ made: [VaultStepAnswer]) throws(KeyVaultError) {
        for index in commands.indices {
            switch commands[index] {
            case .apdu, .storeEncrypted: continue
            case .putKey(let id, let version, let replacing):
                commands[index] = .putKey(keySetId: try keySet(id, made), keyVersionNumber: version, replacing: replacing)
            case .storeFirstKeys(let id, let version):
                commands[index] = .storeFirstKeys(keySetId: try keySet(id, made), keyVersionNumber: version)
            case .storeAttestationToken(let request):
                commands[index] = .storeAttestationToken(try resolving(request, made))
            }
        }
    }

    private static func resolving(_ request: AttestationTokenRequest, _ made: [VaultStepAnswer]) throws(KeyVaultError) -> AttestationTokenRequest {
        var request = request
        if let id = request.diversifiedKeySetId { request.diversifiedKeySetId = try keySet(id, made) }
        return request
    }

    private static func keySet(_ name: String, _ made: [VaultStepAnswer]) throws(KeyVaultError) -> String {
        try id(name, made, "key set") { $0.keySet?.id }
    }

    private static func channel(_ name: String, _ made: [VaultStepAnswer]) throws(KeyVaultError) -> String {
        try id(name, made, "channel") { $0.script?.channelId }
    }

    private static func id(_ name: String, _ made: [VaultStepAnswer], _ what: String, _ id: (VaultStepAnswer) -> String?) throws(KeyVaultError) -> String {
        guard name.hasPrefix("#") else { return name }
        guard let index = Int(name.dropFirst()), made.indices.contains(index), let found = id(made[index]) else {
            throw KeyVaultError(.invalidRequest, "\(name.prefix(64)) names no earlier step of this batch that made a \(what)")
        }
        return found
    }
}
