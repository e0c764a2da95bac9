import Foundation
import ServiceKit
import Testing
@testable import tsms

@Suite struct OutputTests {
    private struct Document: Decodable, Equatable {
        struct Entry: Decodable, Equatable {
            var name: String
            var numbers: [String]
        }
        var text: String
        var port: Int
        var enabled: Bool
        var entries: [Entry]
        var nested: [String: [String: String]]
    }

    @Test func configurationsReadBackAsTheyWereWritten() throws {
        let tricky = "a \"quoted\" \\ back: # no comment\nsecond line"
        let yaml: YAML = [
            "text": .text(tricky), "port": 0, "enabled": true,
            "entries": [["name": "yes", "numbers": ["0123", "1e3"]], ["name": "null", "numbers": .list([])]],
            "nested": ["a": ["b": "c"], "d": .map([])],
        ]
        let read = try StrictYAML.decode(Document.self, from: yaml.document)
        #expect(read == Document(text: tricky, port: 0, enabled: true,
                                 entries: [.init(name: "yes", numbers: ["0123", "1e3"]), .init(name: "null", numbers: [])], nested: ["a": ["b": "c"], "d": [:]]))
    }

    @Test func identifiersDisappearFromPathsAndNothingElse() {
        #expect(LogTimeline.shortened("/services/7b5d3c8e-6a10-4f0f-8f6e-2f1f0c9d4e02/flavors?x=1") == "/services/…/flavors")
        #expect(LogTimeline.shortened("/internal/v1/versions/1.0.0") == "/internal/v1/versions/1.0.0")
        #expect(LogTimeline.shortened("/vault/v1/access-tokens") == "/vault/v1/access-tokens")
    }

    @Test func requestsOfAServiceAreReadFromItsLog() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("log-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let line = #"{"time":"2026-03-01T09:30:00.250Z","level":"debug","message":"request","peer":"spiffe://a.example/b","method":"POST","path":"/x","status":"200","elapsed":"0.1 seconds"}"#
        let foreign = ["not JSON", #"{"time":"2026-03-01T09:30:00.250Z","message":"serving"}"#, line.replacing("/x", with: "/health/ready"), line.replacing("09:30", with: "11:30"), line.dropLast(3) + ""]
        try Data(([line] + foreign).joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
        let process = TestbedDescription.Process(name: "vault", pid: 1, health: "", log: path, identity: "", configuration: "", command: [])
        let begin = try #require(WireDate.date("2026-03-01T09:00:00.000Z"))
        let found = LogTimeline.entries(of: process, names: ["spiffe://a.example/b": "b"], from: begin, to: begin.addingTimeInterval(3600))
        #expect(found.map { "\($0.from)>\($0.to) \($0.what) \($0.milliseconds)" } == ["b>vault POST /x 100.0"])
        #expect(found.first?.start == begin.addingTimeInterval(1800.15))
    }

    @Test func entriesAlikeThatFollowEachOtherAreJoined() {
        func entry(_ second: Double, _ what: String) -> Timeline.Entry { .init(start: Date(timeIntervalSince1970: second), from: "a", to: "b", what: what, milliseconds: 2) }
        let joined = Timeline.condensed([entry(3, "x"), entry(1, "x"), entry(2, "x"), entry(4, "y"), entry(5, "x")])
        #expect(joined.map(\.count) == [3, 1, 1])
        #expect(joined.map(\.milliseconds) == [6, 2, 2])
    }

    @Test func multipartFormsFollowRFC7578() {
        var form = MultipartForm(boundary: "b")
        form.add(file: [0x00, 0x0D, 0x0A, 0xFF], named: "a.cap", as: "elfFile")
        #expect(form.contentType == "multipart/form-data; boundary=b")
        let head = Array("--b\r\nContent-Disposition: form-data; name=\"elfFile\"; filename=\"a.cap\"\r\nContent-Type: application/octet-stream\r\n\r\n".utf8)
        #expect(form.body == head + [0x00, 0x0D, 0x0A, 0xFF] + Array("\r\n--b--\r\n".utf8))
    }
}
