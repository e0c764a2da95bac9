import Foundation
import HTTP2
import Logging

/// Certificates of two CAs, made once per run with the openssl command line in a temporary directory.
struct TestPKI: Sendable {
    let directory: String

    static let shared: TestPKI = {
        do { return try TestPKI() } catch { fatalError("cannot make test certificates: \(error)") }
    }()

    struct Failure: Error { let text: String }

    private init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("http2-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        directory = url.path
        for ca in ["ca", "other-ca"] {
            try openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \(ca).key -out \(ca).pem -subj /CN=\(ca) -days 30")
        }
        try issue("server", by: "ca", names: "DNS:localhost,IP:127.0.0.1,URI:spiffe://test.example/server")
        try issue("server-2", by: "ca", names: "DNS:localhost,IP:127.0.0.1,URI:spiffe://test.example/server")
        try issue("client", by: "ca", names: "URI:spiffe://test.example/client")
        try issue("stranger", by: "other-ca", names: "URI:spiffe://test.example/client")
        try issue("two-uris", by: "ca", names: "DNS:localhost,IP:127.0.0.1,URI:spiffe://test.example/server,URI:spiffe://test.example/other")
        try issue("brainpool", by: "ca", names: "URI:spiffe://test.example/brainpool", key: "ec -pkeyopt ec_paramgen_curve:brainpoolP256r1")
        try issue("rsa-2048", by: "ca", names: "DNS:localhost", key: "rsa:2048")
        try issue("rsa-3072", by: "ca", names: "DNS:localhost,IP:127.0.0.1,URI:spiffe://test.example/server", key: "rsa:3072")
        try issue("ec-224", by: "ca", names: "DNS:localhost", key: "ec -pkeyopt ec_paramgen_curve:secp224r1")
        try issue("expired", by: "ca", names: "URI:spiffe://test.example/client", days: "-1")
    }

    private func issue(_ name: String, by ca: String, names: String, key: String = "ec -pkeyopt ec_paramgen_curve:P-256", days: String = "10") throws {
        try "subjectAltName=\(names)\nextendedKeyUsage=serverAuth,clientAuth\n".write(toFile: path("\(name).ext"), atomically: true, encoding: .utf8)
        try openssl("req -newkey \(key) -nodes -keyout \(name).key -out \(name).csr -subj /CN=\(name)")
        try openssl("x509 -req -in \(name).csr -CA \(ca).pem -CAkey \(ca).key -CAcreateserial -out \(name).pem -days \(days) -extfile \(name).ext")
    }

    func openssl(_ arguments: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments.split(separator: " ").map(String.init)
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(text: "openssl \(arguments): \(String(decoding: text, as: UTF8.self))") }
    }

    func path(_ file: String) -> String { directory + "/" + file }

    func files(_ name: String, anchors: String? = "ca") -> TLSFiles {
        TLSFiles(certificateChain: path("\(name).pem"), privateKey: path("\(name).key"), trustAnchors: anchors.map { path("\($0).pem") })
    }

    func credentials(_ name: String, anchors: String? = "ca") throws(TLSError) -> TLSCredentials { try TLSCredentials(files: files(name, anchors: anchors)) }
}

/// Remembers what was logged, at warning and above.
final class LogRecorder: LogHandler, @unchecked Sendable {
    // `@unchecked Sendable`: `lines` is guarded by the lock, the rest is constant.
    private let lock = NSLock()
    private var recorded: [String] = []
    var lines: [String] { lock.withLock { recorded } }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .debug }
        set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
    func log(event: LogEvent) {
        let line = "\(event.level) \(event.message) \(event.metadata ?? [:])"
        lock.withLock { recorded.append(line) }
    }
    func log(level: Logger.Level, message: Logger.Message, metadata: Logger.Metadata?, source: String, file: String, function: String, line: UInt) {
        let text = "\(level) \(message) \(metadata ?? [:])"
        lock.withLock { recorded.append(text) }
    }
    var logger: Logger { Logger(label: "test") { _ in self } }
}
