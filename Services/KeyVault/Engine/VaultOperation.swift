/// Everything that can be asked of the vault; the names are those of the audit log and stay as they are.
public enum VaultOperation: String, Sendable, Hashable, CaseIterable {
    case createKeySet, readKeySet, importKeySet, exportKeySet, changeKeySetState
    case hostChallenge, verifyCryptogram
    case openChannel, authenticateChannel, continueChannel, reportChannel, closeChannel
    case attestationToken, readAttestationKey
    case sealProcessData, openProcessData, forgetProcess
    case providerToken, handsetToken, readTokenKey
    case listNamedKeys, importNamedKey
    case releaseAuthentications, readAuditLog, anchorAuditLog
    case readSeal, giveShare, seal, rotateRootKey
    /// Several operations together; only a batch as a whole that is refused or repeated leaves this line.
    case batch
    /// The vault's own doing: start, first signing keys.
    case maintenance

    /// One of these is needed; empty: no caller may.
    public var allowedRoles: Set<VaultRole> {
        switch self {
        case .createKeySet, .importKeySet, .exportKeySet, .changeKeySetState, .hostChallenge, .verifyCryptogram,
             .openChannel, .authenticateChannel, .continueChannel, .reportChannel, .closeChannel, .attestationToken,
             .sealProcessData, .openProcessData, .forgetProcess, .batch:
            [.channelOpener]
        case .readKeySet: [.channelOpener, .operator]
        case .providerToken: [.providerTokenSigner]
        case .handsetToken: [.handsetTokenSigner]
        case .readAttestationKey, .readTokenKey: Set(VaultRole.allCases)
        // Which keys there are, whose, and their check values: for those who use or bring them in.
        case .listNamedKeys: [.channelOpener, .operator]
        case .importNamedKey, .readAuditLog, .anchorAuditLog, .seal, .rotateRootKey: [.operator]
        case .readSeal: [.operator, .custodian]
        case .giveShare: [.custodian]
        case .releaseAuthentications: [.operator, .authenticationReleaser]
        case .maintenance: []
        }
    }

    /// What a sealed vault does nevertheless: no key takes part in it.
    var worksSealed: Bool {
        switch self {
        case .readSeal, .giveShare, .seal: true
        default: false
        }
    }

    public func isAllowed(to caller: VaultCaller) -> Bool { !allowedRoles.isDisjoint(with: caller.roles) }
}
