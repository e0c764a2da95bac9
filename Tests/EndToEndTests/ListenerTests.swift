import Foundation
import HTTP2
import HTTPTypes
import Identity
import Testing

extension EndToEnd.Shared {
    /// A private listener with a path on it, and who may have an answer there.
    private struct Door {
        var process: String
        var listener: String
        var method = HTTPRequest.Method.get
        var path: String
        /// SPIFFE IDs.
        var admits: Set<String>
    }

    private static let spTsm = "spiffe://sp-tsm.example/"
    private static let issuer = "spiffe://issuer-1.example/"

    private func doors(_ testbed: RunningTestbed) -> [Door] {
        let (spTsm, issuer) = (Self.spTsm, Self.issuer)
        var doors = [
            Door(process: "sp-tsm-key-vault", listener: "vault", path: "/vault/v1/named-keys", admits: [spTsm + "operator", spTsm + "sp-tsm-handset"]),
            Door(process: "sp-tsm-key-vault", listener: "vault", path: "/vault/v1/audit?limit=1", admits: [spTsm + "operator"]),
            Door(process: "issuer-1-key-vault", listener: "vault", path: "/vault/v1/named-keys", admits: [issuer + "operator", issuer + "sei-tsm"]),
            Door(process: "issuer-1-key-vault", listener: "vault", path: "/vault/v1/audit?limit=1", admits: [issuer + "operator"]),
            Door(process: "issuer-1-sei-tsm", listener: "sei", path: "/sei/v1/transport-keys", admits: [spTsm + "sp-tsm-handset"]),
            Door(process: "issuer-1-sei-tsm", listener: "sei", path: "/sei/v1/inventory?limit=1", admits: [issuer + "operator"]),
            Door(process: "sp-tsm-provider", listener: "public", path: "/sptsm/1.0/services", admits: [spTsm + "gateway-provider"]),
            Door(process: "sp-tsm-provider", listener: "internal", path: "/internal/v1/issuers", admits: [spTsm + "sp-tsm-handset"]),
            Door(process: "sp-tsm-provider", listener: "operator", path: "/operator/v1/issuers", admits: [spTsm + "operator"]),
            Door(process: "sp-tsm-handset", listener: "handset", method: .post, path: "/tsm-api/v1/registrations", admits: [spTsm + "gateway-handset"]),
        ]
        for process in testbed.file.processes {
            let domain = process.identity.hasPrefix(issuer) ? issuer : spTsm
            for path in ["/health/ready", "/metrics"] { doors.append(Door(process: process.name, listener: "health", path: path, admits: [domain + "operator"])) }
        }
        return doors
    }

    /// Everybody in the testbed who has a certificate.
    private func people(_ testbed: RunningTestbed) throws -> [(identity: String?, peer: DirectPeer)] {
        var people: [(String?, DirectPeer)] = [(nil, DirectPeer())]
        for process in testbed.file.processes {
            let directory = testbed.directory(of: process)
            people.append((process.identity, DirectPeer(certificate: directory + "/tls.pem", key: directory + "/tls.key")))
        }
        let (ours, issuer) = (testbed.file.operator, try #require(testbed.file.issuers.first))
        people.append((Self.spTsm + "operator", DirectPeer(certificate: ours.certificate, key: ours.key)))
        people.append((Self.issuer + "operator", DirectPeer(certificate: issuer.operatorCertificate, key: issuer.operatorKey)))
        let provider = testbed.file.serviceProviders[0]
        people.append(("service provider", DirectPeer(certificate: provider.clientCertificate, key: provider.clientKey)))
        return people
    }

    @Test("private listeners: no certificate, another domain's or another role's never gets an answer")
    func privateListeners() async throws {
        let testbed = try RunningTestbed.required()
        let issuerCA = try #require(testbed.file.issuers.first).ca
        let people = try people(testbed)
        #expect(people.count == 11)
        for door in doors(testbed) {
            let process = try testbed.process(door.process)
            let port = try #require(try testbed.listeners(of: process)[door.listener], "\(door.process) has no listener \(door.listener)")
            let domain = process.identity.hasPrefix(Self.issuer) ? Self.issuer : Self.spTsm
            var admitted = 0
            for (identity, peer) in people {
                let outcome = try await peer.request(door.method, port: port, door.path, ca: domain == Self.issuer ? issuerCA : testbed.file.gateway.ca,
                                                     server: .spiffe(process.identity), body: door.method == .post ? Array("{}".utf8) : nil)
                let what = "\(identity ?? "no certificate") at \(door.process) \(door.path): \(outcome)"
                if let identity, door.admits.contains(identity) {
                    admitted += 1
                    #expect(outcome.status != nil && outcome.status != 403, "\(what)")
                } else if identity == nil {
                    #expect(outcome.isClosed, "\(what)")
                } else if identity?.hasPrefix(domain) == false, door.listener != "sei" {
                    // Its CA is not trusted here: it does not get as far as a request. The SEI TSM's listener is there for another domain.
                    #expect(outcome.isClosed, "\(what)")
                } else {
                    #expect(outcome.isClosed || outcome.status == 403, "\(what)")
                }
            }
            #expect(admitted == door.admits.count, "\(door.process) \(door.path): nobody proved that it answers at all")
        }
    }

    @Test("the gateways: private paths and the other plane's do not exist")
    func gatewayPaths() async throws {
        let testbed = try RunningTestbed.required()
        let marker = "probe-\(UUID().uuidString.lowercased())"
        let paths = [
            "/", "/internal/v1/issuers", "/internal/v1/revisions", "/internal/v1/device-apps", "/vault/v1/named-keys", "/vault/v1/channels", "/operator/v1/issuers",
            "/operator/v1/service-providers", "/sei/v1/transport-keys", "/sei/v1/inventory", "/health/ready", "/health/live", "/metrics", "/internal/v1/\(marker)",
        ]
        let tricks = ["/tsm-api/v1/../../internal/v1/issuers", "/sptsm/1.0/../../operator/v1/issuers", "/tsm-api/v1/%2e%2e/%2e%2e/metrics", "/sptsm/1.0/..%2f..%2fmetrics",
                      "//internal/v1/issuers", "/tsm-api/v1//../metrics"]
        let planes = [("gateway-provider", testbed.file.gateway.providerURL, "/tsm-api/v1/registrations"), ("gateway-handset", testbed.file.gateway.handsetURL, "/sptsm/1.0/services")]
        let client = testbed.file.serviceProviders[0]
        for (name, url, foreign) in planes {
            let port = try #require(URL(string: url)?.port)
            for peer in [DirectPeer(), DirectPeer(certificate: client.clientCertificate, key: client.clientKey)] {
                for method in [HTTPRequest.Method.get, .post] {
                    for path in paths + [foreign] {
                        let outcome = try await peer.request(method, port: port, path, ca: testbed.file.gateway.ca, server: .dnsName("127.0.0.1"), body: method == .post ? Array("{}".utf8) : nil)
                        #expect(outcome.status == 404, "\(name) \(method) \(path): \(outcome)")
                    }
                    for path in tricks {
                        let outcome = try await peer.request(method, port: port, path, ca: testbed.file.gateway.ca, server: .dnsName("127.0.0.1"), body: nil)
                        #expect(outcome.status == 400 || outcome.status == 404, "\(name) \(method) \(path): \(outcome)")
                    }
                }
            }
        }
        // And nobody behind the gateways ever heard of it: every request there is in its log.
        for process in testbed.file.processes where !process.name.hasPrefix("gateway") {
            #expect(!(try testbed.log(process.name).contains(marker)), "\(process.name) was asked")
        }
        #expect(try testbed.log("sp-tsm-provider").contains("/sptsm/1.0/services"), "requests are not logged at all")
    }

    @Test("signing in as service provider: its token alone, another's certificate or a stated one are not enough")
    func signIn() async throws {
        let testbed = try RunningTestbed.required()
        let (gateway, providers) = (testbed.file.gateway, testbed.file.serviceProviders)
        let url = try #require(URL(string: gateway.providerURL))
        let port = try #require(url.port)
        let certificates = providers.map { DirectPeer(certificate: $0.clientCertificate, key: $0.clientKey) }
        func signIn(_ peer: DirectPeer, _ more: [(String, String)] = []) async throws -> DirectPeer.Outcome {
            var headers: HTTPFields = [.authorization: providers[0].longTermToken]
            for (name, value) in more { headers[try #require(HTTPField.Name(name))] = value }
            return try await peer.request(.post, port: port, url.path() + "/auth", ca: gateway.ca, server: .dnsName("127.0.0.1"), headers: headers)
        }
        #expect(try await signIn(certificates[0]).status == 200)
        let stated = ("x-tsms-client-certificate-sha256", try CertificateFile(path: providers[0].clientCertificate).thumbprint)
        for (peer, more) in [(DirectPeer(), []), (certificates[1], []), (DirectPeer(), [stated]), (certificates[1], [stated])] {
            let outcome = try await signIn(peer, more)
            #expect(outcome.status == 401, "\(outcome)")
        }
        // A handset's plane is no way to it either.
        let handset = try #require(URL(string: gateway.handsetURL)?.port)
        #expect(try await certificates[0].request(.post, port: handset, url.path() + "/auth", ca: gateway.ca, server: .dnsName("127.0.0.1")).status == 404)
    }

    @Test("HTTP/1.1: accepted by the gateways, refused by every other listener")
    func http1() async throws {
        let testbed = try RunningTestbed.required()
        let file = testbed.file
        let program = try #require(["/usr/bin/curl", "/usr/local/bin/curl", "/bin/curl"].first { FileManager.default.isExecutableFile(atPath: $0) }, "curl is missing: run 'make setup'")
        func curl(_ version: String, _ arguments: [String]) async throws -> ProgramRun {
            try await ProgramRun.run(program, ["--silent", version, "--max-time", "10", "--write-out", "\n%{http_version} %{http_code}"] + arguments)
        }
        // The service provider's sign-in, and a handset's registration.
        let provider = file.serviceProviders[0]
        let signIn = try await curl("--http1.1", ["--cacert", file.gateway.ca, "--cert", provider.clientCertificate, "--key", provider.clientKey, "-X", "POST",
                                                   "-H", "Authorization: \(provider.longTermToken)", file.gateway.providerURL + "/auth"])
        #expect(signIn.exitCode == 0 && signIn.lines.last == "1.1 200", "\(signIn)")
        let caller = try BareCaller(testbed)
        let body = "{\"serviceProviderId\":\"\(provider.id)\",\"deviceAppId\":\"\(try #require(provider.apps.first).deviceAppId)\"}"
        let registration = try await curl("--http1.1", ["--cacert", file.gateway.ca, "-H", "content-type: application/json",
                                                         "-H", "DPoP: \(try caller.proof("/registrations", token: nil))", "--data-binary", body, caller.url("/registrations")])
        await caller.close()
        #expect(registration.exitCode == 0 && registration.lines.last == "1.1 200" && registration.output.contains("accessToken"), "\(registration)")

        let issuer = try #require(file.issuers.first)
        for process in file.processes {
            let isIssuers = process.identity.hasPrefix(Self.issuer)
            let files = ["--cacert", isIssuers ? issuer.ca : file.gateway.ca, "--cert", isIssuers ? issuer.operatorCertificate : file.operator.certificate, "--key", isIssuers ? issuer.operatorKey : file.operator.key]
            for (listener, port) in try testbed.listeners(of: process) where !(process.name.hasPrefix("gateway") && listener == "public") {
                let url = "https://127.0.0.1:\(port)/health/ready"
                let old = try await curl("--http1.1", files + [url])
                #expect(old.exitCode != 0 && old.lines.last?.hasSuffix(" 000") == true, "\(process.name) \(listener): \(old)")
                // The same call in HTTP/2 gets an answer, if only a refusal.
                let new = try await curl("--http2", files + [url])
                #expect(new.exitCode == 0 && new.lines.last?.hasPrefix("2 ") == true, "\(process.name) \(listener): \(new)")
            }
        }
    }
}
