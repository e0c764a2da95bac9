import Foundation
import Logging
import ServiceKit
import Synchronization
import Testing

@Suite struct LoggingTests {
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        func append(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    private func logged(_ format: StructuredLogHandler.Format, _ body: (Logger) -> Void) -> [String] {
        let lines = Lines()
        var logger = Logger(label: "test") { label in
            StructuredLogHandler(label: label, level: .info, format: format, now: { Date(timeIntervalSince1970: 0.0005) }, write: { lines.append($0) })
        }
        logger[metadataKey: "service"] = "s"
        body(logger)
        return lines.all
    }

    @Test func textIsOneLine() {
        let lines = logged(.text) {
            $0.info("hello\nworld", metadata: ["b": "2", "a": "x\u{1B}[31m\r\n1970 error forged: line"])
            $0.debug("below the level")
        }
        #expect(lines == ["1970-01-01T00:00:00.000Z info test: hello\\nworld a=x\\u{1b}[31m\\r\\n1970 error forged: line b=2 service=s\n"])
    }

    @Test func jsonIsOneObject() throws {
        let lines = logged(.json) {
            $0.warning("say \"hi\"\n", metadata: ["list": ["1", "2"], "map": ["k": "v\u{2028}"], "level": "fake", "number": .stringConvertible(7)])
        }
        #expect(lines.count == 1 && lines[0].filter { $0 == "\n" }.count == 1)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
        #expect(object["level"] as? String == "warning" && object["metadata.level"] as? String == "fake")
        #expect(object["message"] as? String == "say \"hi\"\n" && object["logger"] as? String == "test")
        #expect(object["list"] as? [String] == ["1", "2"] && (object["map"] as? [String: String]) == ["k": "v\u{2028}"])
        #expect(object["service"] as? String == "s" && object["number"] as? String == "7")
    }

    @Test(arguments: [StructuredLogHandler.Format.text, .json])
    func secretsAreWithheld(_ format: StructuredLogHandler.Format) {
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UifQ.c2lnbmF0dXJl"
        let lines = logged(format) {
            $0.info("got \(token), then", metadata: ["Authorization": "DPoP x1", "accessToken": "x2", "clientSecret": "x3", "nested": ["password": "x4"], "pin": "x5", "shipping": "visible", "note": "\(token)"])
            $0.info("-----BEGIN PRIVATE KEY-----\nx6\n-----END PRIVATE KEY-----")
        }
        let text = lines.joined()
        for secret in ["eyJ", "x1", "x2", "x3", "x4", "x5", "x6"] { #expect(!text.contains(secret), "\(secret)") }
        #expect(text.contains("visible") && text.contains(", then"))
    }

    @Test func theTraceIsInEveryLine() {
        let trace = TraceContext(header: TraceContextTests.header)
        let lines = TraceContext.$current.withValue(trace) { logged(.text) { $0.info("x") } }
        #expect(lines[0].contains("trace=0af7651916cd43dd8448eb211c80319c"))
    }
}
