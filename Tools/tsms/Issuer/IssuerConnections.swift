import Foundation
import Identity
import ServiceKit

/// The interfaces of a testbed's issuer, and the SP TSM's operator interface, with the credentials that the testbed keeps for them.
struct IssuerConnections: Sendable {
    enum Caller: Sendable {
        case issuerOperator
        /// The vault takes key sets from those who open channels with them, and from nobody else: the SEI TSM.
        case seiTSM
    }

    struct Component: Codable, Sendable {
        var id: String
        var profileId: String
        var blocked: Bool
    }

    private struct Page: Decodable {
        var components: [Component]
        var next: String?
    }

    private let testbed: TestbedDescription
    private let issuer: TestbedDescription.Issuer

    /// - Throws: ``ToolFailure`` when the testbed has no issuer.
    init(_ testbed: TestbedDescription) throws(ToolFailure) {
        guard let issuer = testbed.issuers.first else { throw ToolFailure("the testbed has no issuer") }
        self.testbed = testbed
        self.issuer = issuer
    }

    func inventoryConnection() throws -> OperatorConnection {
        try OperatorConnection(files: files("operator"), url: issuer.seiURL, identity: SPIFFEID(try process("issuer-1-sei-tsm").identity))
    }

    func vaultConnection(as caller: Caller) throws -> OperatorConnection {
        let vault = try process("issuer-1-key-vault")
        let role = switch caller {
        case .issuerOperator: "operator"
        case .seiTSM: "sei-tsm"
        }
        return try OperatorConnection(files: files(role), url: "https://127.0.0.1:\(try port("vault", of: vault))/vault/v1", identity: SPIFFEID(vault.identity))
    }

    func spTsmConnection() throws -> OperatorConnection {
        try OperatorConnection(files: CredentialFiles(directory: testbed.layout.spTsm("operator")), url: testbed.operator.url,
                               identity: SPIFFEID(try process("sp-tsm-provider").identity))
    }

    /// All cards, page by page.
    func inventory() async throws -> [Component] {
        try await OperatorConnection.with(try inventoryConnection()) { client in
            var all: [Component] = []
            var after: String?
            repeat {
                let page = try await client.call(.get, "/inventory?limit=1000" + (after.map { "&after=\($0)" } ?? ""), as: Page.self)
                all += page.components
                after = page.next
            } while after != nil
            return all
        }
    }

    private func files(_ role: String) -> CredentialFiles { CredentialFiles(directory: testbed.layout.issuer(role)) }

    private func process(_ name: String) throws(ToolFailure) -> TestbedDescription.Process {
        guard let process = testbed.processes.first(where: { $0.name == name }) else { throw ToolFailure("the testbed has no process \(name)") }
        return process
    }

    /// Ports are the system's choice: each service writes its own beside its configuration.
    private func port(_ listener: String, of process: TestbedDescription.Process) throws(ToolFailure) -> Int {
        struct Endpoints: Decodable { var listeners: [String: Int] }
        let path = (process.configuration as NSString).deletingLastPathComponent + "/endpoints.json"
        guard let endpoints = try? WireJSON.decode(Endpoints.self, from: try Programs.read(path)), let port = endpoints.listeners[listener] else {
            throw ToolFailure("\(path) does not name the listener '\(listener)' of \(process.name)")
        }
        return port
    }
}
