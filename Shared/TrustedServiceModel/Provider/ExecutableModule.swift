/// An applet class within a load file (TR-03165 4.1.4.11).
public struct ExecutableModule: Codable, Sendable, Hashable {
    /// Lower-case UUID, assigned by the TSM. Kept when an upload replaces the binary and the AID is still in it.
    public var id: String
    public var elfId: String
    /// Applet AID, hexadecimal.
    public var aid: String

    public init(id: String, elfId: String, aid: String) {
        self.id = id
        self.elfId = elfId
        self.aid = aid
    }
}
