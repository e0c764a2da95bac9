import Foundation
import ServiceKit

/// Requests between the services, read back from the log that each of them writes (JSON lines, level debug).
enum LogTimeline {
    private struct Line: Decodable {
        var time: String
        var message: String
        var method: String?
        var path: String?
        var status: String?
        /// `0.00123 seconds`.
        var elapsed: String?
        var peer: String?
    }

    /// Requests that the routers of a service answered within a span of time. Health checks are left out.
    /// - Parameter names: process names by SPIFFE ID.
    static func entries(of process: TestbedDescription.Process, names: [String: String], from begin: Date, to end: Date) -> [Timeline.Entry] {
        guard let data = FileManager.default.contents(atPath: process.log) else { return [] }
        return data.split(separator: UInt8(ascii: "\n")).compactMap { bytes in
            guard let line = try? JSONDecoder().decode(Line.self, from: Data(bytes)), line.message == "request", let peer = line.peer, let method = line.method,
                  let path = line.path, !path.hasPrefix("/health"), let ended = WireDate.date(line.time),
                  let spent = line.elapsed.flatMap({ Double($0.prefix { $0 != " " }) }).map({ $0 * 1000 }) else { return nil }
            let start = ended.addingTimeInterval(-spent / 1000)
            guard start >= begin, ended <= end else { return nil }
            return Timeline.Entry(start: start, from: names[peer] ?? peer, to: process.name, what: what(method, path, line.status ?? ""), milliseconds: spent)
        }
    }

    static func what(_ method: String, _ path: String, _ status: String) -> String {
        let failed = status.hasPrefix("2") ? "" : " → \(status)"
        return "\(method) \(shortened(path))\(failed)"
    }

    /// Identifiers and hashes would fill the line and keep requests alike from being counted together.
    static func shortened(_ path: String) -> String {
        path.prefix { $0 != "?" }.split(separator: "/").map { segment in
            let isIdentifier = segment.count >= 16 && segment.allSatisfy { $0.isHexDigit || $0 == "-" }
            return isIdentifier ? "…" : String(segment)
        }.reduce("") { $0 + "/" + $1 }
    }
}
