import DeploymentDocument
import TrustedServiceModel

/// A result on its way to a service provider's online service, as the transaction that ends the dialog writes it.
struct OutboxEntry: Sendable {
    /// The process's ID; of a failed eligibility check, the same for the same request. Travels along with every attempt.
    var id: String
    /// Results with the same key leave one after the other, in the order in which they were written.
    var orderKey: String
    var serviceProviderId: String
    var serviceId: String
    /// False: an eligibility check that failed before there was a process.
    var isProcess: Bool
    var result: ProcessResult
    /// Where results of this instance went when its Version was pinned: used once the Service itself is gone.
    var pinned: SposDocument?
    /// W3C `traceparent` of the request that ended the dialog.
    var trace: String?
}

/// A result that is due, as it was written.
struct ClaimedResult: Sendable {
    var sequence: Int64
    var id: String
    var orderKey: String
    /// JSON of a `ProcessResult`.
    var body: [UInt8]
    var pinned: SposDocument?
    var trace: String?
    /// Seconds since 1970.
    var created: Double
    /// Earlier attempts.
    var attempts: Int
}
