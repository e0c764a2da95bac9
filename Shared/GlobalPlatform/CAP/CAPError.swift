/// Why a file is not a CAP file that may be loaded.
public struct CAPError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        /// Not a ZIP archive, or a damaged one.
        case archive = "cap-archive"
        /// A kind of archive that is refused: encrypted, of several disks, ZIP64, an unknown compression.
        case unsupportedArchive = "cap-unsupported-archive"
        /// An entry whose name could lead out of the archive, or that occurs twice.
        case entryName = "cap-entry-name"
        /// More bytes or entries than allowed.
        case tooLarge = "cap-too-large"
        /// Compressed data that cannot be inflated to what the archive announces.
        case compression = "cap-compression"
        case checksum = "cap-checksum"
        case missingComponent = "cap-missing-component"
        /// A component whose content contradicts the Java Card virtual machine specification or another component.
        case component = "cap-component"
        /// More than one CAP file in the archive.
        case severalFiles = "cap-several-files"
        case unsupportedFormatVersion = "cap-unsupported-format-version"
        /// An import for which no platform version is known.
        case unknownPlatform = "cap-unknown-platform"
        /// A load file that LOAD cannot carry.
        case loadFile = "cap-load-file"
    }

    public let code: Code
    /// The archive's entry and, where there is one, the offset in it.
    public let place: String
    public let problem: String

    public init(_ code: Code, _ place: String, _ problem: String) {
        self.code = code
        self.place = place
        self.problem = problem
    }

    public var description: String { "\(place): \(problem)" }
}
