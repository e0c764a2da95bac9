import GlobalPlatform

/// Operations that are carried out together, in order and in one transaction: all of them, or nothing.
///
/// Each is checked and logged as if it had been asked for alone; a batch allows nothing that its operations do not. Wherever a key set or
/// channel is named, `#n` names the one that step n (counted from 0) of this batch made. Not part of a batch are operations whose refusal
/// has lasting effects: authenticate and verifyCryptogram.
public struct VaultBatch: Codable, Sendable, Hashable {
    /// The same batch under the same key (1 to 128 bytes, per caller) gets the same answer and is not carried out again, for as long as the vault's
    /// configuration says. Nil: a repetition is another batch.
    public var idempotencyKey: String?
    public var steps: [VaultStep]

    public init(_ steps: [VaultStep], idempotencyKey: String? = nil) {
        self.steps = steps
        self.idempotencyKey = idempotencyKey
    }

    /// How a step names what step `index` made.
    public static func made(by index: Int) -> String { "#\(index)" }
}

/// One operation of a batch.
public enum VaultStep: Codable, Sendable, Hashable {
    case createKeySet(request: CreateKeySetRequest)
    case importKeySet(request: ImportKeySetRequest)
    case exportKeySet(id: String, request: ExportKeySetRequest)
    case changeState(id: String, request: ChangeKeySetStateRequest)
    case openChannel(request: OpenChannelRequest)
    case continueChannel(id: String, request: ContinueChannelRequest)
    case report(id: String, report: ChannelReport)
    case closeChannel(id: String)
    case attestationToken(request: AttestationTokenRequest)
    /// Seals data of a process of the caller's under a key of that process alone, made when it is first needed.
    case sealProcessData(process: String, data: HexBytes)
    /// `notFound` once the process is forgotten: then nothing opens what was sealed for it.
    case openProcessData(process: String, sealed: HexBytes)
    /// Destroys the key of a process, and what its channels keep. Again is no error.
    case forgetProcess(process: String)
}

/// What a step answered: the member that its operation answers with; none after closeChannel and forgetProcess.
public struct VaultStepAnswer: Codable, Sendable, Hashable {
    public var keySet: KeySetDescription?
    public var wrappedKeySet: WrappedKeySet?
    public var script: ChannelScript?
    public var report: VerifiedReport?
    public var attestationToken: AttestationToken?
    /// Sealed or opened.
    public var data: HexBytes?

    public init(keySet: KeySetDescription? = nil, wrappedKeySet: WrappedKeySet? = nil, script: ChannelScript? = nil, report: VerifiedReport? = nil,
                attestationToken: AttestationToken? = nil, data: HexBytes? = nil) {
        self.keySet = keySet
        self.wrappedKeySet = wrappedKeySet
        self.script = script
        self.report = report
        self.attestationToken = attestationToken
        self.data = data
    }
}

/// Answers of all steps, in order.
public struct VaultBatchAnswer: Codable, Sendable, Hashable {
    public var steps: [VaultStepAnswer]
    public init(steps: [VaultStepAnswer]) { self.steps = steps }
}
