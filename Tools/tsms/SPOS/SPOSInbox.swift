import Foundation
import ServiceKit
import TrustedServiceModel

/// What came, once for each process, durable before it is acknowledged: `results.jsonl` in the order of arrival, repetitions in `duplicates.jsonl`.
actor SPOSInbox {
    /// One line.
    struct Entry: Codable, Sendable {
        var received: String
        /// The process's ID; of a failed eligibility check, that of the message.
        var id: String
        var result: ProcessResult
    }

    static let results = "results.jsonl"
    static let duplicates = "duplicates.jsonl"

    private let directory: String
    private let now: @Sendable () -> Date
    private var seen: Set<String> = []

    init(directory: String, now: @escaping @Sendable () -> Date) throws {
        try TestbedLayout.make(directory)
        self.directory = directory
        self.now = now
        let path = "\(directory)/\(Self.results)"
        guard let data = FileManager.default.contents(atPath: path) else { return }
        // A line without its end was being written when the process died: nobody was told that it is there.
        let whole = data.lastIndex(of: UInt8(ascii: "\n")).map { data.prefix(through: $0) } ?? Data()
        if whole.count < data.count { try whole.write(to: URL(fileURLWithPath: path), options: .atomic) }
        seen = Set(try Self.entries(whole).map(\.id))
    }

    func take(_ result: ProcessResult, id given: String) throws {
        let id = result.processId.isEmpty ? given : result.processId
        guard !id.isEmpty else { throw ProblemError(.badRequest, code: "nameless", detail: "neither a processId nor \(SPOSService.idempotencyHeader)") }
        let isNew = !seen.contains(id)
        let line = try WireJSON.encode(Entry(received: WireDate.text(now()), id: id, result: result)) + [UInt8(ascii: "\n")]
        try append(line, to: isNew ? Self.results : Self.duplicates)
        seen.insert(id)
    }

    static func entries(_ data: Data) throws -> [Entry] {
        try data.split(separator: UInt8(ascii: "\n")).map { try WireJSON.decode(Entry.self, from: $0) }
    }

    private func append(_ line: [UInt8], to file: String) throws {
        let path = "\(directory)/\(file)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode_t(0o600))
        guard descriptor >= 0 else { throw ToolFailure("\(path) cannot be opened: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        guard write(descriptor, line, line.count) == line.count, fsync(descriptor) == 0 else { throw ToolFailure("\(path) cannot be written: \(String(cString: strerror(errno)))") }
    }
}
