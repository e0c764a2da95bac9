/// Where results of processes are sent (TR-03165 4.1.4.18).
public struct SposConfig: Codable, Sendable, Hashable {
    /// Lower-case UUID, assigned by the TSM.
    public var id: String
    /// ID of the owning ServiceProvider.
    public var spId: String
    /// Absolute, up to 500 characters.
    public var url: String
    /// Certificate that authenticates the SPOS.
    public var certificateId: String

    public init(id: String, spId: String, url: String, certificateId: String) {
        self.id = id
        self.spId = spId
        self.url = url
        self.certificateId = certificateId
    }
}
