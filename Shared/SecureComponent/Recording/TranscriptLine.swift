import Foundation

/// One line of a transcript after the first, as JSON.
struct TranscriptLine: Codable {
    var command: String?
    var response: String?
    var failure: Transcript.Failure?
    var event: String?

    /// - Throws: ``TranscriptError``.
    static func parse(_ text: Substring, _ number: Int) throws(TranscriptError) -> Transcript.Entry {
        let line: TranscriptLine
        do { line = try JSONDecoder().decode(TranscriptLine.self, from: Data(text.utf8)) } catch {
            throw TranscriptError(line: number, "it is no JSON object with command and response, command and failure, or event")
        }
        switch (line.command, line.response, line.failure, line.event) {
        case (nil, nil, nil, "reset"?): return .reset
        case (nil, nil, nil, let event?): throw TranscriptError(line: number, "event \(event) is not known; there is reset")
        case (let command?, let response?, nil, nil):
            let answer = try bytes(response, "response", number)
            guard answer.bytes.count >= 2 else { throw TranscriptError(line: number, "a response has two bytes or more, not \(answer.bytes.count)") }
            return .exchange(command: try bytes(command, "command", number), .response(answer))
        case (let command?, nil, let failure?, nil): return .exchange(command: try bytes(command, "command", number), .failure(failure))
        default: throw TranscriptError(line: number, "command and response, command and failure, or event is expected, and nothing beside")
        }
    }

    private static func bytes(_ text: String, _ name: String, _ number: Int) throws(TranscriptError) -> MaskedBytes {
        guard let bytes = MaskedBytes(text), !bytes.bytes.isEmpty else { throw TranscriptError(line: number, "\(name) is not hexadecimal (xx for a masked byte)") }
        return bytes
    }

    /// Members in this order, so that people find the same thing in the same place. Hexadecimal and fixed words need no escapes.
    static func text(_ exchange: MaskedExchange, _ failure: Transcript.Failure?) -> String {
        if let failure { return #"{"command":"\#(exchange.command)","failure":"\#(failure.rawValue)"}"# }
        return #"{"command":"\#(exchange.command)","response":"\#(exchange.response)"}"#
    }

    static let reset = #"{"event":"reset"}"#
}
