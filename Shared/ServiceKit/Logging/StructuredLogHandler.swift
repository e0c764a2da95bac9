import Foundation
import Logging

/// Writes each event as one line: text for a person at a terminal, one JSON object for a log collector.
public struct StructuredLogHandler: LogHandler {
    public enum Format: Sendable, Hashable { case text, json }

    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: Format
    private let now: @Sendable () -> Date
    private let write: @Sendable (String) -> Void

    /// - Parameter write: gets whole lines with their line feed.
    public init(label: String, level: Logger.Level, format: Format, now: @escaping @Sendable () -> Date, write: @escaping @Sendable (String) -> Void) {
        self.label = label
        self.logLevel = level
        self.format = format
        self.now = now
        self.write = write
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { _, new in new } }
        if let trace = TraceContext.current {
            if fields["trace"] == nil { fields["trace"] = "\(trace.traceID)" }
            // Tells the requests of one trace apart.
            if fields["span"] == nil { fields["span"] = "\(trace.spanID)" }
        }
        if let given = event.metadata { fields.merge(given) { _, new in new } }
        if let error = event.error { fields["error"] = "\(error)" }
        let time = WireDate.text(now())
        let message = LogRedaction.text(event.message.description)
        switch format {
        case .text: write(textLine(time, event.level, message, fields))
        case .json: write(jsonLine(time, event.level, message, fields))
        }
    }

    private func textLine(_ time: String, _ level: Logger.Level, _ message: String, _ fields: Logger.Metadata) -> String {
        var line = "\(time) \(level.rawValue) \(label): \(LogRedaction.oneLine(message))"
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            line += " \(LogRedaction.oneLine(key))=\(LogRedaction.oneLine(Self.flat(key, value)))"
        }
        return line + "\n"
    }

    private func jsonLine(_ time: String, _ level: Logger.Level, _ message: String, _ fields: Logger.Metadata) -> String {
        var line = #"{"time":"\#(time)","level":"\#(level.rawValue)","logger":\#(JSONText.quoted(label)),"message":\#(JSONText.quoted(message))"#
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            // The four members above are ours; metadata of the same name must not make a second one.
            let name = ["time", "level", "logger", "message"].contains(key) ? "metadata.\(key)" : key
            line += ",\(JSONText.quoted(name)):\(Self.json(key, value))"
        }
        return line + "}\n"
    }

    private static func flat(_ key: String, _ value: Logger.Metadata.Value) -> String {
        if LogRedaction.isSecret(key) { return LogRedaction.placeholder }
        switch value {
        case .string(let text): return LogRedaction.text(text)
        case .stringConvertible(let convertible): return LogRedaction.text(convertible.description)
        case .array(let list): return "[" + list.map { flat("", $0) }.joined(separator: ", ") + "]"
        case .dictionary(let members):
            return "{" + members.sorted { $0.key < $1.key }.map { "\($0.key): \(flat($0.key, $0.value))" }.joined(separator: ", ") + "}"
        }
    }

    private static func json(_ key: String, _ value: Logger.Metadata.Value) -> String {
        if LogRedaction.isSecret(key) { return JSONText.quoted(LogRedaction.placeholder) }
        switch value {
        case .string(let text): return JSONText.quoted(LogRedaction.text(text))
        case .stringConvertible(let convertible): return JSONText.quoted(LogRedaction.text(convertible.description))
        case .array(let list): return "[" + list.map { json("", $0) }.joined(separator: ",") + "]"
        case .dictionary(let members):
            return "{" + members.sorted { $0.key < $1.key }.map { "\(JSONText.quoted($0.key)):\(json($0.key, $0.value))" }.joined(separator: ",") + "}"
        }
    }
}
