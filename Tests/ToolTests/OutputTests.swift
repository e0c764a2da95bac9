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

    /// Nothing that a terminal or another reader could take for more than text goes out as it is, and all of it is read back.
    @Test func controlCharactersAreEscaped() throws {
        let hidden = ((1...0x1F).map { $0 } + [0x7F, 0x80, 0x85, 0x9B, 0x9F, 0xAD, 0x200B, 0x200E, 0x2028, 0x2029, 0x202E, 0x2066, 0xFEFF, 0xFFFE, 0xE0001, 0x10FFFF]).compactMap { Unicode.Scalar($0 as UInt32) }
        var text = "a"
        text.unicodeScalars.append(contentsOf: hidden)
        text += "ß😀z"
        let yaml: YAML = ["key\u{1B}[0m": .text(text)]
        let document = yaml.document
        #expect(document.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && !hidden.contains($0) }, "\(document)")
        #expect(document.contains("\\x1b") && document.contains("\\u202e") && document.contains("\\U000e0001") && document.contains("ß😀z"))
        #expect(try StrictYAML.decode([String: String].self, from: document) == ["key\u{1B}[0m": text])
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

    /// A file's name stays a name, whatever is in it.
    @Test func fileNamesBreakOutOfNothing() {
        for (name, written, isPlain) in [
            ("a b.cap", "a b.cap", true), ("a\"b", "a\\\"b", false), ("a\\b", "a\\\\b", false), ("\\\"", "\\\\\\\"", false), ("a\r\nX: y", "a%0D%0AX: y", false), ("a\nb", "a%0Ab", false),
            ("a\u{0}\u{7F}", "a%00%7F", false), ("größe", "größe", false), ("50%", "50%", false), ("", "", true),
        ] {
            var form = MultipartForm(boundary: "b")
            form.add(file: [1], named: name, as: "elfFile")
            let text = String(decoding: form.body, as: UTF8.self)
            #expect(text.hasPrefix("--b\r\nContent-Disposition: form-data; name=\"elfFile\"; filename=\"\(written)\"\r\nContent-Type: application/octet-stream\r\n\r\n"), "\(text)")
            #expect(MultipartForm.isPlain(name) == isPlain)
        }
        var form = MultipartForm(boundary: "b")
        form.add(text: "a\r\nb", as: "elfFilename")
        #expect(String(decoding: form.body, as: UTF8.self) == "--b\r\nContent-Disposition: form-data; name=\"elfFilename\"\r\n\r\na\r\nb\r\n--b--\r\n")
    }
}
