import Foundation
import GlobalPlatform

/// A dialog with a component, as it is kept in a file: JSON, one object a line, secrets masked (``SecretMask``).
///
/// | line | what it says |
/// |---|---|
/// | `{"transcript":1,"atr":"3b…","about":"…","recorded":"…"}` | the first line: format, answer to reset, for people |
/// | `{"command":"00a40400…","response":"6f…9000"}` | one C-APDU, one R-APDU; `xx` is a masked byte |
/// | `{"command":"…","failure":"component-lost"}` | no answer came: `component-lost` or `transmit-failed` |
/// | `{"event":"reset"}` | the component was reset, or lost power and got it again |
public struct Transcript: Hashable, Sendable {
    public static let format = 1

    public enum Failure: String, Codable, Hashable, Sendable {
        case componentLost = "component-lost"
        case transmitFailed = "transmit-failed"
    }

    public enum Answer: Hashable, Sendable {
        case response(MaskedBytes)
        case failure(Failure)
    }

    public enum Entry: Hashable, Sendable {
        case exchange(command: MaskedBytes, Answer)
        case reset
    }

    public struct Header: Codable, Hashable, Sendable {
        public var transcript: Int
        public var atr: HexBytes
        /// For people.
        public var about: String
        /// For people: when, UTC.
        public var recorded: String

        public init(atr: [UInt8], about: String, recorded: String) {
            transcript = Transcript.format
            self.atr = HexBytes(atr)
            self.about = about
            self.recorded = recorded
        }
    }

    public struct Line: Hashable, Sendable {
        /// In the file, from 1.
        public let number: Int
        public let entry: Entry
    }

    public let header: Header
    public let lines: [Line]

    /// Reads a whole file; an empty line is skipped.
    /// - Throws: ``TranscriptError``, with the line that is at fault.
    public init(text: String) throws(TranscriptError) {
        var header: Header?
        var lines: [Line] = []
        for (offset, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() where !line.allSatisfy(\.isWhitespace) {
            if header == nil {
                header = try Self.header(line, offset + 1)
            } else {
                lines.append(Line(number: offset + 1, entry: try TranscriptLine.parse(line, offset + 1)))
            }
        }
        guard let header else { throw TranscriptError(line: 1, "the file is empty: a transcript begins with {\"transcript\":1,…}") }
        self.header = header
        self.lines = lines
    }

    /// - Throws: ``TranscriptError``; line 0 for a file that cannot be read.
    public init(contentsOf path: String) throws(TranscriptError) {
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch { throw TranscriptError(line: 0, "\(path) cannot be read: \(error.localizedDescription)") }
        try self.init(text: text)
    }

    private static func header(_ line: Substring, _ number: Int) throws(TranscriptError) -> Header {
        let header: Header
        do { header = try JSONDecoder().decode(Header.self, from: Data(line.utf8)) } catch {
            throw TranscriptError(line: number, "a transcript begins with {\"transcript\":1,\"atr\":…,\"about\":…,\"recorded\":…}")
        }
        guard header.transcript == format else { throw TranscriptError(line: number, "the format is \(header.transcript); this program reads format \(format)") }
        return header
    }
}

/// What is wrong with a transcript, or with a dialog that should follow it.
public struct TranscriptError: Error, Hashable, Sendable, CustomStringConvertible {
    /// From 1; 0: the file as a whole.
    public let line: Int
    public let reason: String

    public init(line: Int, _ reason: String) {
        self.line = line
        self.reason = reason
    }

    public var description: String { line > 0 ? "transcript, line \(line): \(reason)" : "transcript: \(reason)" }
}
