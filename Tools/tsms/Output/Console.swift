import Foundation
import ServiceKit

/// Standard output in one of two forms: text for people, or one JSON object a line. Lines are written whole.
struct Console: Sendable {
    let json: Bool

    /// Whether a progress bar may be drawn: on a terminal, and only as text.
    var drawsProgress: Bool { !json && isatty(STDERR_FILENO) == 1 }

    /// In text mode only.
    func text(_ line: String) {
        if !json { Self.write(line + "\n", to: STDOUT_FILENO) }
    }

    /// In JSON mode only.
    func object(_ value: some Encodable) {
        guard json else { return }
        Self.write(Self.line(value) + "\n", to: STDOUT_FILENO)
    }

    /// A result: one line in JSON mode, indented otherwise.
    func result(_ value: some Encodable) {
        let encoder = WireJSON.encoder()
        encoder.outputFormatting = json ? [.withoutEscapingSlashes, .sortedKeys] : [.withoutEscapingSlashes, .sortedKeys, .prettyPrinted]
        guard let data = try? encoder.encode(value) else { return failure("the result cannot be written as JSON") }
        Self.write(String(decoding: data, as: UTF8.self) + "\n", to: STDOUT_FILENO)
    }

    /// Remarks beside the result, on standard error.
    func note(_ line: String) {
        if !json { Self.write(line + "\n", to: STDERR_FILENO) }
    }

    func failure(_ message: String) {
        if json {
            object(["result": "failed", "message": message])
        } else {
            Self.write("tsms: \(message)\n", to: STDERR_FILENO)
        }
    }

    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { buffer in
            var offset = 0
            while offset < buffer.count {
                let count = Foundation.write(descriptor, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
                if count < 0 && errno == EINTR { continue }
                // Nobody reads any more: there is nobody left to tell.
                guard count > 0 else { return }
                offset += count
            }
        }
    }

    private static func line(_ value: some Encodable) -> String {
        guard let bytes = try? WireJSON.encode(value) else { return #"{"result":"failed","message":"the object cannot be written as JSON"}"# }
        return String(decoding: bytes, as: UTF8.self)
    }
}
