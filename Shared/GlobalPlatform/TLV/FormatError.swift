/// Why a command's or response's data is not the structure it should be.
public struct FormatError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        /// Another instruction or class than the one that was to be read.
        case instruction
        /// P1 or P2.
        case parameters
        /// Data ends early or goes on after its end.
        case length
        /// A field's content, or a field missing or out of place.
        case data
    }

    public let kind: Kind
    /// What was read, such as "INSTALL [for load]".
    public let structure: String
    /// The field, such as "load file AID".
    public let place: String
    public let problem: String

    public init(_ kind: Kind, _ structure: String, _ place: String, _ problem: String) {
        self.kind = kind
        self.structure = structure
        self.place = place
        self.problem = problem
    }

    /// Stable, for logs and tests.
    public var code: String { "format-\(kind.rawValue)" }

    public var description: String { "\(structure), \(place): \(problem)" }

    /// What a card answers to such a command (GPCS 2.3.1, table 11-10 and the tables of each command).
    public var statusWord: StatusWord {
        switch kind {
        case .instruction: .instructionNotSupported
        case .parameters: .incorrectP1P2
        case .length: .wrongLength
        case .data: .incorrectData
        }
    }
}

extension TLV {
    /// `parseAll` for the reader of a named structure.
    static func read(_ bytes: some Collection<UInt8>, _ structure: String, _ place: String) throws(FormatError) -> [TLV] {
        do {
            return try parseAll(bytes)
        } catch {
            throw FormatError(.data, structure, place, error.description)
        }
    }

    /// `parse` for the reader of a named structure, with the tag that the object must have.
    static func readOne(_ bytes: some Collection<UInt8>, tag: TLVTag, _ structure: String) throws(FormatError) -> TLV {
        let object: TLV
        do {
            object = try parse(bytes)
        } catch {
            throw FormatError(.data, structure, "data", error.description)
        }
        guard object.tag == tag else { throw FormatError(.data, structure, "tag", "\(tag) was expected, not \(object.tag)") }
        return object
    }

    /// `children` for the reader of a named structure.
    func read(_ structure: String) throws(FormatError) -> [TLV] {
        do {
            return try children()
        } catch {
            throw FormatError(.data, structure, "data object \(tag)", error.description)
        }
    }

    /// The value as an AID.
    func readAID(_ structure: String) throws(FormatError) -> AID {
        do {
            return try AID(value)
        } catch {
            throw FormatError(.data, structure, "data object \(tag)", error.description)
        }
    }

    /// The value as an unsigned number of at most four bytes.
    func readNumber(_ structure: String) throws(FormatError) -> UInt32 {
        guard (1...4).contains(value.count) else {
            throw FormatError(.data, structure, "data object \(tag)", "a number of 1 to 4 bytes was expected, not \(value.count)")
        }
        return value.reduce(0) { $0 << 8 | UInt32($1) }
    }
}
