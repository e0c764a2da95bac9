/// What one step of a dialog changes besides the dialog itself; written in the same transaction.
struct DialogChanges: Sendable {
    var components: [ComponentRecord] = []
    /// The instance as the step leaves it; also for results where nothing was saved.
    var instance: InstanceRecord?
    var savesInstance = false
    var deletedInstance: String?
    /// Key sets whose absence from the card was proven.
    var keySetsToDestroy: [String] = []
}
