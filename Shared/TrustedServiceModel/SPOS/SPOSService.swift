/// The SPOS-Service, which a service provider offers and a TSM calls (TR-03165 4.3.2).
public enum SPOSService {
    /// Behind `SposConfig.url`; POST with a `ProcessResult`.
    public static let processResultsPath = "/process-results"
    /// Ours: the same for every repetition of one result, so that a receiver can tell repetitions. Of a process it is the process ID.
    public static let idempotencyHeader = "idempotency-key"
}
