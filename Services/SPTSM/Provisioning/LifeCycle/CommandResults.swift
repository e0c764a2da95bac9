import TrustedServiceModel

/// The list of ServiceCommandResults of a deployment: 0 before the failing command, 1 for it, 2 after it (TR-03165 4.2.3.9).
public enum CommandResults {
    /// - Parameter failing: index of the command that failed; nil: all succeeded. `notStarted` marks every command as not executed.
    public static func all(_ commands: [ServiceCommand], failing: Int?) -> [ServiceCommandResult] {
        commands.enumerated().map { index, command in
            let status: CommandExecutionStatus = if let failing {
                index < failing ? .success : (index == failing ? .failed : .notExecuted)
            } else {
                .success
            }
            return result(command, status)
        }
    }

    public static func notExecuted(_ commands: [ServiceCommand]) -> [ServiceCommandResult] {
        commands.map { result($0, .notExecuted) }
    }

    private static func result(_ command: ServiceCommand, _ status: CommandExecutionStatus) -> ServiceCommandResult {
        ServiceCommandResult(commandExecutionStatus: status, personalizationResults: command.kind == .personalize ? [] : nil)
    }
}
