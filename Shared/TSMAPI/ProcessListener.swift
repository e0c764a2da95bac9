import TrustedServiceModel

/// Told of a process by deployService, updateService, suspendOrResumeService and terminateService (TR-03165 4.2.4: ProcessListener).
public protocol ProcessListener: Sendable {
    /// Exactly once, before anything changes on the secure component. An error here aborts the process: no APDU is sent (3.2.1).
    func onProcessStart(_ start: ProcessStart) async throws
    /// After the start, one or more times; the percentage never falls. The order goes on when it returns.
    func onProcessProgress(_ progress: ProcessProgress) async
}

/// Obtains access tokens from the service provider's own token issuer (TR-03165 4.2.5.9: setAccessToken). Asked before every backend request.
public protocol AccessTokenSource: Sendable {
    /// - Parameter deviceKeyThumbprint: RFC 7638 thumbprint that the token has to be bound to.
    func getToken(deviceKeyThumbprint: String) async throws -> String
}
