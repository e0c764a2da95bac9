import Foundation
import Identity
import ServiceKit
import Testing

@Suite struct StrictYAMLTests {
    struct Inner: Decodable, Equatable {
        var host: String
        var port: UInt16
        var ratio: Double?
        var on: Bool?
    }
    struct Outer: Decodable, Equatable {
        var name: String
        var inner: Inner
        var list: [Inner]?
        var table: [String: [String]]?
        var limit: Seconds?
    }

    private func problem(_ yaml: String) -> ConfigurationError? {
        #expect(throws: ConfigurationError.self) { try StrictYAML.decode(Outer.self, from: yaml) }
    }

    @Test func readsEverything() throws {
        let value = try StrictYAML.decode(
            Outer.self,
            from: """
                # a comment
                name: "8080"
                inner: { host: a, port: 8080, ratio: 0.5, on: true }
                list:
                  - host: b
                    port: 0
                table: { x: [one, two], y: [] }
                limit: 1.5
                """)
        #expect(value.name == "8080")
        #expect(value.inner == Inner(host: "a", port: 8080, ratio: 0.5, on: true))
        #expect(value.list == [Inner(host: "b", port: 0)])
        #expect(value.table == ["x": ["one", "two"], "y": []])
        #expect(value.limit?.duration == .milliseconds(1500))
    }

    @Test func nullIsAbsent() throws {
        #expect(try StrictYAML.decode(Outer.self, from: "name: n\ninner: {host: a, port: 1, ratio: ~, on: }\nlist: null").inner.ratio == nil)
    }

    @Test func unknownKeysAreNamedWithTheirPath() {
        let top = problem("name: n\ninner: {host: a, port: 1}\nnmae: x")
        #expect(top?.code == .unknownKey && top?.path == "nmae" && top?.line == 3)
        #expect(top?.description.contains("known here: inner, limit, list, name, table") == true)
        let nested = problem("name: n\ninner:\n  host: a\n  port: 1\n  prot: 2")
        #expect(nested?.code == .unknownKey && nested?.path == "inner.prot")
        let inList = problem("name: n\ninner: {host: a, port: 1}\nlist: [{host: a, port: 1}, {host: a, port: 1, x: 1}]")
        #expect(inList?.code == .unknownKey && inList?.path == "list[1].x")
        // A misspelt mandatory key is missing; what it was taken for is said.
        let misspelt = problem("name: n\ninner: {hots: a, port: 1}")
        #expect(misspelt?.code == .missingKey && misspelt?.path == "inner.host" && misspelt?.reason.contains("\"hots\"") == true)
        #expect(problem("name: n\ninner: {machine: a, port: 1}")?.reason == "is missing")
    }

    @Test(arguments: [
        ("name: n\ninner: {host: a}", ConfigurationError.Code.missingKey, "inner.port"),
        ("name: n", .missingKey, "inner"),
        ("", .missingKey, "name"),
        ("name: n\ninner: {host: a, port: 65536}", .wrongType, "inner.port"),
        ("name: n\ninner: {host: a, port: -1}", .wrongType, "inner.port"),
        ("name: n\ninner: {host: a, port: \"8080\"}", .wrongType, "inner.port"),
        ("name: n\ninner: {host: a, port: 80.5}", .wrongType, "inner.port"),
        ("name: n\ninner: {host: a, port: 1, on: yes}", .wrongType, "inner.on"),
        ("name: n\ninner: {host: a, port: 1, ratio: .inf}", .wrongType, "inner.ratio"),
        ("name: n\ninner: {host: [a], port: 1}", .wrongType, "inner.host"),
        ("name: n\ninner: [a]", .wrongType, "inner"),
        ("name: n\ninner: {host: a, port: 1}\nlist: {a: b}", .wrongType, "list"),
        ("name: n\ninner: {host: a, port: 1}\nlimit: -1", .invalidValue, "limit"),
        ("[]", .wrongType, ""), ("just text", .wrongType, ""),
        ("name: n\nname: m\ninner: {host: a, port: 1}", .notYAML, ""),
        ("name: [", .notYAML, ""), ("\tname: n", .notYAML, ""), ("name: {", .notYAML, ""),
    ])
    func wrongDocuments(_ yaml: String, _ code: ConfigurationError.Code, _ path: String) {
        let error = problem(yaml)
        #expect(error?.code == code, "\(String(describing: error))")
        #expect(error?.path == path)
    }

    @Test func randomTextNeverCrashes() {
        var generator = SeededGenerator(seed: 5)
        let alphabet = Array("abn:{}[],-&*!|>'\"%#? \n\t0")
        for _ in 0..<500 {
            let text = String((0..<Int.random(in: 0...60, using: &generator)).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] })
            #expect(throws: ConfigurationError.self) { try StrictYAML.decode(Outer.self, from: text) }
        }
    }

    @Test func missingFile() {
        let error = #expect(throws: ConfigurationError.self) { try StrictYAML.decode(Outer.self, fromFile: "/nonexistent/config.yaml") }
        #expect(error?.code == .unreadableFile)
        #expect(error?.reason.contains("/nonexistent/config.yaml") == true)
    }

    @Test func loggingBlock() throws {
        let value = try StrictYAML.decode(LoggingConfiguration.self, from: "level: debug\nformat: json")
        #expect(value == LoggingConfiguration(level: .debug, format: .json))
        #expect(try StrictYAML.decode(LoggingConfiguration.self, from: "") == LoggingConfiguration())
        #expect(throws: ConfigurationError.self) { try StrictYAML.decode(LoggingConfiguration.self, from: "level: loud") }
        #expect(throws: ConfigurationError.self) { try StrictYAML.decode(LoggingConfiguration.self, from: "format: xml") }
    }

    @Test func secretsComeFromPrivateFilesOnly() throws {
        let directory = try TemporaryDirectory()
        let good = SecretFile(path: try directory.file("good", "s3cret", mode: 0o600))
        #expect(try good.read() == Array("s3cret".utf8))
        let open = SecretFile(path: try directory.file("open", "s3cret", mode: 0o640))
        let error = #expect(throws: ConfigurationError.self) { try open.read() }
        #expect(error?.code == .invalidValue)
        #expect(error.map { !"\($0)".contains("s3cret") } == true)
        #expect(#expect(throws: ConfigurationError.self) { try SecretFile(path: directory.path + "/missing").read() }?.code == .unreadableFile)
        #expect(#expect(throws: ConfigurationError.self) { try good.read(maximumBytes: 3) }?.code == .unreadableFile)
    }
}

/// SplitMix64: the same values on every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
