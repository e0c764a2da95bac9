/// A text of a configuration with the place where it stands, for complaints that only the whole document gives reason to.
public struct LocatedText: Decodable, Sendable {
    public let text: String
    /// Line in the file, from 1; nil when it was not read from YAML.
    public let line: Int?

    public init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
        line = (decoder as? NodeDecoder)?.node.mark?.line
    }
}
