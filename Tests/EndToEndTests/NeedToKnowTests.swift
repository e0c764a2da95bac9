import Foundation
import GRDB
import HTTPTypes
import Testing
import TrustedServiceModel

/// TR-03165 4.2.2.
extension EndToEnd.Shared {
    private struct Operation: Hashable {
        var method: HTTPRequest.Method
        var path: String
    }

    /// Operations of an OpenAPI document of ours, with something in the places of the paths' parameters.
    private func operations(_ document: String, below prefix: String) throws -> [Operation] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/\(document)")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false).drop { $0 != "paths:" }.dropFirst()
        var found: [Operation] = []
        var path = ""
        for line in lines {
            if let first = line.first, first != " ", first != "#" { break }
            if line.hasPrefix("  /") {
                path = line.trimmingCharacters(in: CharacterSet(charactersIn: " :")).replacing(/\{[^}]*\}/, with: "6f1f2a7e-0000-4000-8000-000000000001")
            } else if line.hasPrefix("    "), !line.hasPrefix("     "), let method = HTTPRequest.Method(String(line.trimmingCharacters(in: CharacterSet(charactersIn: " :"))).uppercased()),
                      [.get, .post, .put, .delete, .patch].contains(method) {
                found.append(Operation(method: method, path: prefix + path))
            }
        }
        return found
    }

    @Test("the handset plane's certificate at the provider plane: documents and revisions by GET, and nothing else of any interface")
    func handsetPlanesRights() async throws {
        let testbed = try RunningTestbed.required()
        let (provider, handset) = (try testbed.process("sp-tsm-provider"), try testbed.process("sp-tsm-handset"))
        let directory = testbed.directory(of: handset)
        let peer = DirectPeer(certificate: directory + "/tls.pem", key: directory + "/tls.key")
        let ports = try testbed.listeners(of: provider)
        func ask(_ listener: String, _ operation: Operation) async throws -> DirectPeer.Outcome {
            let body: [UInt8]? = operation.method == .get || operation.method == .delete ? nil : Array("{}".utf8)
            return try await peer.request(operation.method, port: try #require(ports[listener]), operation.path, ca: testbed.file.gateway.ca, server: .spiffe(provider.identity), body: body)
        }
        let rest = try operations("provider-api.yaml", below: "/sptsm/1.0"), operators = try operations("operator-api.yaml", below: "/operator/v1")
        #expect(rest.count >= 82 && operators.count >= 30, "\(rest.count) and \(operators.count) operations were found")
        let service = try testbed.service()
        let granted = ["revisions", "revisions?after=0", "device-apps", "issuers", "maintenance", "services/\(service)",
                       "services/\(service)/versions/1.0.0/profiles/\(try #require(testbed.file.handsets[0].secureComponents.first).profileId)"].map { "/internal/v1/\($0)" }
        for path in granted { #expect(try await ask("internal", Operation(method: .get, path: path)).status == 200, "\(path)") }
        // The same with every other method, and whatever the other interfaces have, on the listener where it may read.
        for path in granted + ["/internal/v1/binaries/00", "/internal/v1/anything"] {
            for method in [HTTPRequest.Method.post, .put, .delete, .patch, .options] {
                let outcome = try await ask("internal", Operation(method: method, path: path))
                #expect(outcome.status == 403 || outcome.isClosed, "\(method) \(path): \(outcome)")
            }
        }
        for operation in rest + operators {
            for listener in ["public", "operator", "internal"] {
                let outcome = try await ask(listener, operation)
                #expect(outcome.status == 403 || outcome.isClosed, "\(listener) \(operation.method) \(operation.path): \(outcome)")
            }
        }
    }

    @Test("whatever a handset calls, nothing in the catalogue changes")
    func handsetsWriteNothing() async throws {
        let testbed = try RunningTestbed.required()
        let service = try testbed.service()
        let before = try catalogue(testbed)
        #expect(before.count > 10 && before["service"]?.isEmpty == false)
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            _ = await handset.client.checkServiceDeploymentAvailable(serviceId: service, version: "x.x.x")
            let id = try await handset.create(testbed).id
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            for control in [true, false] { _ = await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: control) }
            _ = await handset.client.checkServiceUpdateAvailable(serviceInstanceId: id, newVersion: "x.x.x")
            let updated = await handset.client.updateService(serviceInstanceId: id, newVersion: "1.1.0", serviceCommands: TestHandset.allCommands, finalizeDeployment: true)
            #expect(updated.processInfo.executionStatus == .noError, "\(updated.processInfo.executionMessage)")
            #expect(try await handset.instances(testbed).map(\.id) == [id])
            try await handset.clear(testbed)
        }
        #expect(try catalogue(testbed) == before)
    }

    /// All rows of the provider plane's store, by table, of a copy.
    private func catalogue(_ testbed: RunningTestbed) throws -> [String: [String]] {
        let data = testbed.directory(of: try testbed.process("sp-tsm-provider")) + "/data"
        let copy = try TemporaryDirectory()
        let files = try FileManager.default.contentsOfDirectory(atPath: data)
        for file in files { try FileManager.default.copyItem(atPath: "\(data)/\(file)", toPath: "\(copy.path)/\(file)") }
        let store = try #require(files.first { $0.hasSuffix(".sqlite") || $0.hasSuffix(".db") })
        let queue = try DatabaseQueue(path: "\(copy.path)/\(store)")
        let content = try queue.read { db in
            var content: [String: [String]] = [:]
            for table in try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") {
                content[table] = try Row.fetchAll(db, sql: "SELECT * FROM \"\(table)\"").map { "\($0)" }.sorted()
            }
            return content
        }
        try queue.close()
        return content
    }

    @Test("the interfaces' own paths: the gateway of the one plane does not know the other's")
    func otherPlanesPaths() async throws {
        let testbed = try RunningTestbed.required()
        let file = testbed.file
        let provider = file.serviceProviders[0]
        let peer = DirectPeer(certificate: provider.clientCertificate, key: provider.clientKey)
        let id = "6f1f2a7e-0000-4000-8000-000000000001"
        let handsets = ["/tsm-api/v1/registrations", "/tsm-api/v1/service-instances", "/tsm-api/v1/service-instance-queries", "/tsm-api/v1/service-instances/\(id)/deployments",
                        "/tsm-api/v1/service-instances/\(id)/updates", "/tsm-api/v1/service-instances/\(id)/suspensions", "/tsm-api/v1/service-instances/\(id)/terminations",
                        "/tsm-api/v1/service-deployment-checks", "/tsm-api/v1/service-instances/\(id)/update-checks", "/tsm-api/v1/processes/\(id)/reports/1",
                        "/gp/seram/handshake", "/gp/seram/remoteManagement"].map { Operation(method: .post, path: $0) }
        let rest = try operations("provider-api.yaml", below: "/sptsm/1.0")
        for (url, foreign) in [(file.gateway.handsetURL, rest), (file.gateway.providerURL, handsets)] {
            let port = try #require(URL(string: url)?.port)
            for operation in foreign {
                let outcome = try await peer.request(operation.method, port: port, operation.path, ca: file.gateway.ca, server: .dnsName("127.0.0.1"), body: operation.method == .get ? nil : Array("{}".utf8))
                #expect(outcome.status == 404, "\(operation.method) \(operation.path): \(outcome)")
            }
        }
    }
}
