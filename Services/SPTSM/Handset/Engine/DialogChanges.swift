/// What one step of a dialog changes besides the dialog itself; written in the same transaction.
struct DialogChanges: Sendable {
    var components: [ComponentRecord] = []
    /// The instance as the step leaves it; also for results where nothing was saved.
    var instance: InstanceRecord?
    var savesInstance = false
    var deletedInstance: String?
    /// What the vault is to be told of key sets that no card holds any more.
    var keySetTasks: [KeySetTask] = []
}
