import Foundation
import Testing
import TrustedServiceModel

/// What the online service of a testbed's service provider has taken.
struct Inbox {
    struct Entry: Decodable, Sendable {
        var id: String
        var result: ProcessResult
    }

    let directory: String

    init(_ testbed: RunningTestbed, serviceProvider: Int = 0) {
        directory = "\(testbed.directory)/service-providers/sp-\(serviceProvider + 1)/spos-inbox"
    }

    /// In the order of arrival.
    func entries(_ file: String = "results.jsonl") throws -> [Entry] {
        guard let data = FileManager.default.contents(atPath: "\(directory)/\(file)") else { return [] }
        // The last line may be being written.
        guard let end = data.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        return try data.prefix(through: end).split(separator: UInt8(ascii: "\n")).map { try JSONDecoder().decode(Entry.self, from: $0) }
    }

    /// Waits for results of these processes.
    func wait(for processes: [String], upTo patience: Duration = .seconds(20)) async throws -> [Entry] {
        let found = try await EndToEndTests.wait(upTo: patience) {
            let entries = try self.entries()
            return Set(processes).isSubset(of: entries.map(\.id)) ? entries : nil
        }
        let came = try entries().map(\.id)
        return try #require(found, "of \(processes) only \(came) came")
    }

    /// Shares of requests that go wrong; nil: none.
    func misbehave(_ shares: [String: Double]?) throws {
        let path = "\(directory)/faults.json"
        guard let shares else { return try FileManager.default.removeItem(atPath: path) }
        try JSONEncoder().encode(shares).write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}
