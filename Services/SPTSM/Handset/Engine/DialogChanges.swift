import Foundation

/// What one step of a dialog changes besides the dialog itself; written in the same transaction.
struct DialogChanges: Sendable {
    var components: [ComponentRecord] = []
    /// Components (our IDs) that the handset has proven in this dialog: none of them may have an instance of the Service by the time one is created.
    var handsetComponents: [String] = []
    /// The instance as the step leaves it; also for results where nothing was saved.
    var instance: InstanceRecord?
    var savesInstance = false
    var deletedInstance: String?
    /// What the vault is to be told of key sets that no card holds any more.
    var keySetTasks: [KeySetTask] = []
    /// What an operator did, where that is what changes the dialog.
    var operatorAction: HandsetOperatorAPI.Action?
    /// The process has ended: when the vault may destroy its key.
    var forgetsProcess: Date?
}
