/// The TR's base type of load files (4.1.4.8). The only kind is the CAP file, so both are one type.
public typealias ExecutableLoadFile = CAP

/// A Java Card CAP file with what was read from it at upload (TR-03165 4.1.4.8 and 4.1.4.9).
public struct CAP: Codable, Sendable, Hashable {
    /// Lower-case UUID, assigned by the TSM.
    public var id: String
    /// ID of the owning ServiceProvider.
    public var spId: String
    /// Package AID, hexadecimal.
    public var aid: String
    public var fileName: String
    /// Always `CAP`.
    public var type: String
    /// UTC, ISO 8601 with milliseconds and `Z`; set once.
    public var creationDate: String
    /// UTC, ISO 8601 with milliseconds and `Z`; set anew with every upload.
    public var uploadDate: String
    /// From the header; never empty.
    public var packageName: String
    /// AIDs, hexadecimal, in the order of the Import component.
    public var importedPackages: [String]
    /// `major.minor`.
    public var packageVersion: String
    public var technicalRequirements: TechnicalRequirements

    public init(id: String, spId: String, aid: String, fileName: String, type: String = "CAP", creationDate: String, uploadDate: String,
                packageName: String, importedPackages: [String], packageVersion: String, technicalRequirements: TechnicalRequirements) {
        self.id = id
        self.spId = spId
        self.aid = aid
        self.fileName = fileName
        self.type = type
        self.creationDate = creationDate
        self.uploadDate = uploadDate
        self.packageName = packageName
        self.importedPackages = importedPackages
        self.packageVersion = packageVersion
        self.technicalRequirements = technicalRequirements
    }
}
