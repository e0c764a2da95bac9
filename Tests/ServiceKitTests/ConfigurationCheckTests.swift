import Foundation
import Identity
import ServiceKit
import Testing

@Suite struct ConfigurationCheckTests {
    let domain: TestDomain

    init() throws { domain = try TestDomain() }

    private func yaml(_ domain: TestDomain, port: String = "0", users: String = #"["spiffe://test.example/user"]"#, extra: String = "", certificate: String = "echo.pem", key: String = "echo.key") throws -> String {
        _ = try domain.tls("echo")
        let directory = domain.directory.path
        let tls = "{certificate: \(directory)/\(certificate), key: \(directory)/\(key), trustAnchors: \(directory)/ca.pem}"
        return try domain.directory.file(
            "config.yaml",
            """
            logging: {level: info, format: auto}
            store: {directory: \(directory)/store}
            public:
              port: \(port)
              tls: \(tls)
              allow: {users: \(users), operators: ["dns:ops.example"]}
            health: {port: 0, tls: \(tls), allow: {health: ["spiffe://test.example/m"], metrics: ["spiffe://test.example/m"]}}
            \(extra)
            """)
    }

    private func check(_ file: String, testbed: Bool = true, now: Date = Date()) throws(ServiceStartError) -> EchoService.Configuration {
        try ServiceRunner.configuration(of: EchoService.self, file: file, isTestbed: testbed, now: now)
    }

    private func problem(_ file: String, testbed: Bool = true, now: Date = Date()) -> String {
        let error = #expect(throws: ServiceStartError.self) { try check(file, testbed: testbed, now: now) }
        #expect(error?.kind == .configuration)
        return error?.reason ?? ""
    }

    @Test func aGoodConfiguration() throws {
        let configuration = try check(yaml(domain))
        #expect(configuration.public.host == "127.0.0.1" && configuration.public.port == 0 && configuration.public.clientCertificates == .required)
        #expect(try configuration.public.allowList("users").permits(uris: ["spiffe://test.example/user"], dnsNames: [], certificateSHA256: []))
    }

    @Test func everyMistakeNamesItsPlace() throws {
        #expect(problem(domain.directory.path + "/none.yaml").contains("none.yaml"))
        #expect(problem(try yaml(domain, extra: "stroe: {}")).contains("stroe: unknown key"))
        #expect(problem(try yaml(domain, port: "70000")).contains("public.port"))
        #expect(problem(try yaml(domain, users: "[]")).contains("public.allow.users: the allow-list is empty"))
        #expect(problem(try yaml(domain, users: "[nobody]")).contains("public.allow.users"))
        #expect(problem(try yaml(domain, certificate: "missing.pem")).contains("public.tls"))
        #expect(problem(try yaml(domain, key: "ca.pem")).contains("ca.pem: others may read this secret"))
    }

    @Test func routeGroupsMustBeComplete() throws {
        let file = try yaml(domain)
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let missing = try domain.directory.file("missing.yaml", text.replacing(#", operators: ["dns:ops.example"]"#, with: ""))
        #expect(problem(missing).contains("public.allow.operators: is missing"))
        let unknown = try domain.directory.file("unknown.yaml", text.replacing("operators:", with: "oparators:"))
        #expect(problem(unknown).contains("public.allow.oparators: unknown route group"))
    }

    @Test func productionRefusesTestCertificates() throws {
        let file = try yaml(domain)
        #expect(problem(file, testbed: false).contains("a test certificate"))
        let production = try TestDomain(marked: false)
        _ = try check(yaml(production), testbed: false)
        // An unmarked leaf beside a marked trust anchor is no better.
        try FileManager.default.removeItem(atPath: production.directory.path + "/ca.pem")
        try FileManager.default.copyItem(atPath: domain.directory.path + "/ca.pem", toPath: production.directory.path + "/ca.pem")
        #expect(problem(try yaml(production), testbed: false).contains("ca.pem: a test certificate"))
    }

    @Test func expiredAndForeignKeys() throws {
        let file = try yaml(domain)
        #expect(problem(file, now: Date() + 2 * 86_400).contains("expired"))
        let other = try TestDomain()
        let foreign = try other.tls("echo")
        try FileManager.default.removeItem(atPath: domain.directory.path + "/echo.key")
        try FileManager.default.copyItem(atPath: foreign.key.path, toPath: domain.directory.path + "/echo.key")
        #expect(problem(file).contains("public.tls"))
    }

    @Test(arguments: [
        "url: http://a.example", "url: https://", "url: https://u@a.example", "url: https://a.example/?x", "url: nonsense", "expect: \"*\"", "expect: sha256:" + String(repeating: "ab", count: 32), "timeout: -1",
    ])
    func peersAreStrict(_ change: String) {
        var keys = ["url": "https://a.example:8443/vault/v1", "expect": "spiffe://test.example/vault", "timeout": "5"]
        let parts = change.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        let tls = "tls: {certificate: a, key: b, trustAnchors: c}\n"
        func text() -> String { tls + keys.map { "\($0.key): \($0.value)" }.joined(separator: "\n") }
        #expect(throws: Never.self) { try StrictYAML.decode(PeerConfiguration.self, from: text()) }
        keys[parts[0]] = parts[1]
        #expect(throws: ConfigurationError.self) { try StrictYAML.decode(PeerConfiguration.self, from: text()) }
    }
}
