/// What was last done, or is being done, to a ServiceInstance (TR-03165 4.2.4).
public enum ServiceOperation: Int, Codable, Sendable, CaseIterable {
    case noOperation = 0
    case deploymentInstallation = 10
    case deploymentPersonalization = 11
    case deploymentActivation = 12
    case deploymentFinalize = 13
    case updateInstallation = 20
    case updatePersonalization = 21
    case updateActivation = 22
    case updateFinalize = 23
    case suspension = 30
    case resumption = 31
    case termination = 40
}
