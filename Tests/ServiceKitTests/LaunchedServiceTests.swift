import Foundation
import HTTP2
import Hummingbird
import Identity
import Logging
import Testing

@testable import ServiceKit

@Suite struct LaunchedServiceTests {
    struct Running: Sendable {
        let domain: TestDomain
        let service: LaunchedService
        let resources: ServiceResources

        func client(as name: String = "user", listener: String = "public", server: String = "echo") throws -> JSONClient {
            let port = try #require(service.endpoints.listeners[listener])
            return try resources.client(domain.peer(as: name, server: server, port: port))
        }
    }

    static func configuration(_ domain: TestDomain) throws -> EchoService.Configuration {
        let tls = try domain.tls("echo")
        return EchoService.Configuration(
            logging: LoggingConfiguration(level: .critical), store: StoreConfiguration(directory: domain.directory.path + "/store"),
            public: ListenerConfiguration(port: 0, tls: tls, allow: ["users": try domain.allow("user", "operator"), "operators": try domain.allow("operator")]),
            health: ListenerConfiguration(port: 0, tls: tls, allow: ["health": try domain.allow("monitor", "operator"), "metrics": try domain.allow("monitor")]))
    }

    /// Runs the service around a body and stops it in order, whatever the body does.
    static func withService(_ body: @Sendable (Running) async throws -> Void) async throws {
        let domain = try TestDomain()
        let service = try await LaunchedService.launch(EchoService.self, configuration: configuration(domain), options: ServiceOptions(isTestbed: true), signals: false)
        let clients = ServiceResources(name: "client", isTestbed: true)
        let run = Task { try await service.run() }
        do {
            try await body(Running(domain: domain, service: service, resources: clients))
        } catch {
            Issue.record(error)
        }
        try await clients.close()
        await service.stop()
        try await run.value
    }

    @Test func typedCallsBothWays() async throws {
        try await Self.withService { running async throws in
            let client = try running.client()
            let sent = EchoService.Item(name: "a", at: Date(timeIntervalSince1970: 1_772_357_400.25))
            let trace = try #require(TraceContext(header: TraceContextTests.header))
            let got = try await TraceContext.$current.withValue(trace) { try await client.call(.post, "/api/items", body: sent, as: EchoService.Item.self) }
            #expect(got.name == "a" && got.at == sent.at)
            // The caller's trace went along.
            #expect(got.trace == trace.traceID)
            let without = try await client.call(.post, "/api/items", body: EchoService.Item(name: "b", at: sent.at), as: EchoService.Item.self)
            #expect(without.trace?.count == 32 && without.trace != trace.traceID)
            let who = try await client.exchange(.get, "/api/whoami", bytes: nil, contentType: nil)
            #expect(String(decoding: who.body, as: UTF8.self) == "spiffe://test.example/user")
        }
    }

    @Test func problemsBecomeRemoteErrors() async throws {
        try await Self.withService { running async throws in
            let client = try running.client()
            func failure(_ method: HTTPRequest.Method, _ path: String, bytes: [UInt8]? = nil) async -> RemoteError? {
                do throws(RemoteError) {
                    _ = try await client.exchange(method, path, bytes: bytes, contentType: WireJSON.contentType)
                    return nil
                } catch {
                    return error
                }
            }
            let busy = await failure(.get, "/api/busy")
            #expect(busy == .refused(.init(status: 409, code: "dialogOpen", detail: "a dialog is open", retryAfter: 7, members: ["processId": "p-1"])))
            let broken = await failure(.get, "/api/broken")
            #expect(broken?.status == 500 && broken?.code == "internalError" && broken?.detail?.contains("Unexpected") == false)
            let missing = await failure(.get, "/api/nothing")
            #expect(missing?.status == 404 && missing?.code == "notFound")
            let malformed = await failure(.post, "/api/items", bytes: Array(#"{"name":7}"#.utf8))
            #expect(malformed?.status == 400 && malformed?.code == "malformedBody" && malformed?.detail == "name has the wrong type")
            #expect(await failure(.post, "/api/items", bytes: Array("{".utf8))?.code == "malformedBody")
            let large = await failure(.post, "/api/items", bytes: [UInt8](repeating: 0x20, count: (1 << 20) + 1))
            #expect(large?.status == 413 && large?.code == "bodyTooLarge")
            // An answer that is not what was agreed
            do throws(RemoteError) {
                _ = try await client.call(.get, "/api/whoami", as: EchoService.Item.self)
                Issue.record("must not decode")
            } catch {
                guard case .malformedAnswer = error else {
                    Issue.record(error)
                    return
                }
            }
        }
    }

    @Test func routeGroupsAreClosedToOthers() async throws {
        try await Self.withService { running async throws in
            func status(_ name: String, _ path: String, listener: String = "public") async throws -> Int {
                let client = try running.client(as: name, listener: listener)
                do throws(RemoteError) {
                    return try await client.exchange(.get, path, bytes: nil, contentType: nil).status.code
                } catch {
                    return error.status ?? -1
                }
            }
            #expect(try await status("operator", "/api/admin/secrets") == 200)
            // Spellings that the router takes for the same route
            for path in ["/api/admin/secrets", "//api/admin/secrets", "/api//admin/secrets", "/api/admin//secrets", "/api/admin/secrets/", "/api/admin/secrets?x"] {
                #expect(try await status("user", path) == 403, "\(path)")
            }
            for path in ["/api/x/../admin/secrets", "/api/%61dmin/secrets", "/api/./admin/secrets"] {
                #expect(try await status("user", path) != 200, "\(path)")
            }
            #expect(try await status("user", "/api/whoami") == 200)
            #expect(try await status("stranger", "/api/whoami") == 403)
            #expect(try await status("operator", "/unlisted") == 403)
            #expect(try await status("operator", "/health/live", listener: "health") == 200)
            #expect(try await status("user", "/health/live", listener: "health") == 403)
            #expect(try await status("operator", "/metrics", listener: "health") == 403)
        }
    }

    @Test func healthAndMetrics() async throws {
        try await Self.withService { running async throws in
            let client = try running.client(as: "monitor", listener: "health")
            let ready = try await client.call(.get, "/health/ready", as: HealthRoutes.Report.self)
            #expect(ready.status == "ready" && ready.dependencies.map(\.name) == ["always down", "store"])
            running.service.resources.health.register("vault") { throw EchoService.Unexpected() }
            do throws(RemoteError) {
                try await client.send(.get, "/health/ready")
                Issue.record("must be 503")
            } catch {
                #expect(error.status == 503)
            }
            let metrics = try await client.exchange(.get, "/metrics", bytes: nil, contentType: nil)
            let text = String(decoding: metrics.body, as: UTF8.self)
            #expect(text.contains(#"http_requests_total{listener="health",method="GET",route="/health/ready",status="503"}"#))
            #expect(text.contains("# TYPE http_request_seconds histogram"))
            #expect(text.contains("certificate_not_after_seconds"))
            #expect(metrics.headerFields[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
        }
    }

    @Test func onlyTheExpectedServerIsSpokenTo() async throws {
        try await Self.withService { running async throws in
            let client = try running.client(server: "somebody-else")
            do throws(RemoteError) {
                try await client.send(.get, "/api/whoami")
                Issue.record("must not connect")
            } catch {
                guard case .unreachable(let reason) = error else {
                    Issue.record(error)
                    return
                }
                #expect(reason.contains("wrongPeer"), "\(reason)")
            }
        }
    }

    @Test func nobodyThere() async throws {
        let domain = try TestDomain()
        let resources = ServiceResources(name: "client", isTestbed: true)
        let client = try resources.client(domain.peer(as: "user", server: "echo", port: 1))
        do throws(RemoteError) {
            try await client.send(.get, "/")
            Issue.record("must not connect")
        } catch {
            guard case .unreachable = error else {
                Issue.record(error)
                return
            }
        }
        try await resources.close()
    }

    @Test func theEndpointsFileComesAndGoes() async throws {
        let domain = try TestDomain()
        let ready = domain.directory.path + "/ready.json"
        let service = try await LaunchedService.launch(
            EchoService.self, configuration: Self.configuration(domain), options: ServiceOptions(isTestbed: true, readyFile: ready), signals: false)
        let endpoints = try EndpointsFile.read(from: ready)
        #expect(endpoints == service.endpoints)
        #expect(endpoints.name == "echo" && endpoints.pid == ProcessInfo.processInfo.processIdentifier)
        #expect(Set(endpoints.listeners.keys) == ["public", "health"] && endpoints.listeners.values.allSatisfy { $0 > 0 })
        let run = Task { try await service.run() }
        await service.stop()
        try await run.value
        #expect(!FileManager.default.fileExists(atPath: ready))
        #expect(FileManager.default.fileExists(atPath: domain.directory.path + "/store/clean"))
    }

    @Test func aDrainingServiceServesWhatIsUnderWay() async throws {
        let domain = try TestDomain()
        let service = try await LaunchedService.launch(EchoService.self, configuration: Self.configuration(domain), options: ServiceOptions(isTestbed: true), signals: false)
        let clients = ServiceResources(name: "client", isTestbed: true)
        let client = try Running(domain: domain, service: service, resources: clients).client()
        let run = Task { try await service.run() }
        #expect(try await client.exchange(.get, "/api/drain", bytes: nil, contentType: nil).status == .ok)
        let ticket = try #require(service.resources.drain.admit())
        await service.stop()
        while !service.resources.drain.isDraining { await Task.yield() }
        do throws(RemoteError) {
            try await client.send(.get, "/api/drain")
            Issue.record("new work must be refused")
        } catch {
            #expect(error.code == "draining")
        }
        ticket.finish()
        try await clients.close()
        try await run.value
    }

    @Test func aFailedStartLeavesNothingLocked() async throws {
        let domain = try TestDomain()
        var configuration = try Self.configuration(domain)
        configuration.health.allow = [:]
        let options = ServiceOptions(isTestbed: true)
        let broken = configuration
        await #expect(throws: ConfigurationError.self) { try await LaunchedService.launch(EchoService.self, configuration: broken, options: options, signals: false) }
        let service = try await LaunchedService.launch(EchoService.self, configuration: Self.configuration(domain), options: options, signals: false)
        let run = Task { try await service.run() }
        // Two of them on one store: the second is refused.
        let second = try Self.configuration(domain)
        let error = await #expect(throws: StoreError.self) { try await LaunchedService.launch(EchoService.self, configuration: second, options: options, signals: false) }
        #expect(error?.code == .locked)
        await service.stop()
        try await run.value
    }
}
