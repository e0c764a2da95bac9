/// An uploaded script of personalisation commands (TR-03165 4.1.4.16).
public struct PersonalizationScript: Codable, Sendable, Hashable {
    /// Lower-case UUID, assigned by the TSM.
    public var id: String
    /// ID of the owning ServiceProvider.
    public var spId: String
    public var fileName: String
    /// UTC, ISO 8601 with milliseconds and `Z`; set once.
    public var creationDate: String
    /// UTC, ISO 8601 with milliseconds and `Z`; set anew with every upload.
    public var uploadDate: String

    public init(id: String, spId: String, fileName: String, creationDate: String, uploadDate: String) {
        self.id = id
        self.spId = spId
        self.fileName = fileName
        self.creationDate = creationDate
        self.uploadDate = uploadDate
    }
}
