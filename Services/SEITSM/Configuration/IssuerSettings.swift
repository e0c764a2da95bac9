/// What the SEI TSM's logic needs to know of its operator's decisions.
public struct IssuerSettings: Sendable, Hashable {
    public var contracts: [Contract]
    /// Seconds since the last contact after which a dialog is given up.
    public var dialogLease: Double
    /// Seconds since its opening after which a dialog ends however lively it is.
    public var maximumDialog: Double
    /// Seconds for which a positive verdict of an eligibility check allows dialogs. SP TSMs keep proofs, too: longer than they do.
    public var proofValidity: Double
    /// Seconds within which the evidence of an eligibility check must come back.
    public var eligibilityValidity: Double
    /// Days for which journal, closed dialogs and eligibility checks are kept.
    public var retentionDays: Int
    /// Most sessions and operations of one dialog.
    public var maximumSessions: Int
    public var maximumOperations: Int
    /// Sessions with one component that an SP TSM may have opened since its last one that was verified; a first dialog may have more. The key vault's
    /// `unprovenAuthentications` is to be more than this for every SP TSM that uses the same components.
    public var maximumUnprovenSessions: Int

    public init(contracts: [Contract], dialogLease: Double = 60, maximumDialog: Double = 600, proofValidity: Double = 86_400, eligibilityValidity: Double = 120, retentionDays: Int = 90,
                maximumSessions: Int = 8, maximumOperations: Int = 64, maximumUnprovenSessions: Int = 4) {
        self.contracts = contracts
        self.dialogLease = dialogLease
        self.maximumDialog = maximumDialog
        self.proofValidity = proofValidity
        self.eligibilityValidity = eligibilityValidity
        self.retentionDays = retentionDays
        self.maximumSessions = maximumSessions
        self.maximumOperations = maximumOperations
        self.maximumUnprovenSessions = maximumUnprovenSessions
    }
}
