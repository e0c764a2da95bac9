import Foundation
import Identity
import Synchronization
import Testing
import TSMAPI
import TrustedServiceModel

/// The service provider's own token issuer, as an app reaches it: tokens for this app and device key.
private final class OwnTokenIssuer: AccessTokenSource {
    static let name = "https://login.sp.example"
    static let audience = "https://sp-tsm.example/tsm-api/sp-1"
    let key: SoftwareTokenSigner
    let deviceAppId: String
    private let lifetime = Mutex(300)
    private let count = Mutex(0)
    var asked: Int { count.withLock { $0 } }

    init(deviceAppId: String) {
        key = SoftwareTokenSigner(keyID: "2027-1")
        self.deviceAppId = deviceAppId
    }

    func live(_ seconds: Int) { lifetime.withLock { $0 = seconds } }

    func getToken(deviceKeyThumbprint: String) async throws -> String {
        count.withLock { $0 += 1 }
        return try token(deviceKeyThumbprint: deviceKeyThumbprint, by: key)
    }

    func token(deviceKeyThumbprint: String, by key: SoftwareTokenSigner) throws -> String {
        struct Claims: Encodable {
            struct Client: Encodable { var app: String }
            var iss = OwnTokenIssuer.name, aud = OwnTokenIssuer.audience
            var iat, exp: Int
            var client: Client
            var cnf: [String: String]
        }
        let now = Int(Date().timeIntervalSince1970)
        let unsigned = try UnsignedToken(type: "JWT", keyID: key.publicKey.keyID, claims: Claims(
            iat: now, exp: now + lifetime.withLock { $0 }, client: Claims.Client(app: deviceAppId), cnf: ["jkt": deviceKeyThumbprint]))
        return try unsigned.signed(with: key.sign(unsigned.signingInput))
    }
}

extension EndToEnd.Shared {
    private func operate(_ arguments: String..., expecting code: Int32 = 0) async throws -> String {
        let testbed = try RunningTestbed.required()
        let run = try await ProgramRun.run(try Executables.directory() + "/tsms", ["operator"] + arguments + ["--dir", testbed.directory, "--json"])
        #expect(run.exitCode == code, "tsms operator \(arguments.joined(separator: " ")): \(run.errors)\(run.output)")
        return try #require(run.lines.last)
    }

    @Test("setAccessToken: a whole life with tokens of the service provider's own issuer; withdrawn, they count no more within a second")
    func ownTokens() async throws {
        let testbed = try RunningTestbed.required()
        let provider = testbed.file.serviceProviders[0]
        let issuer = OwnTokenIssuer(deviceAppId: try #require(provider.apps.first).deviceAppId)
        let work = try TemporaryDirectory()
        try JSONEncoder().encode(JSONWebKeySet(keys: [issuer.key.publicKey])).write(to: URL(fileURLWithPath: work.path + "/jwks.json"))
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            #expect(await handset.client.setAccessToken(issuer).executionStatus == .noError)
            // Nobody has registered it yet.
            #expect(await handset.client.getServiceInstances(serviceId: try testbed.service()).executionStatus == .notAuthenticated)

            let added = try await operate("add", "token-issuers", "--of", provider.id, "issuer=\(OwnTokenIssuer.name)", "audience=\(OwnTokenIssuer.audience)",
                                          "jwks=@\(work.path)/jwks.json", "deviceAppClaim=/client/app", "maximumLifetime=600")
            struct Added: Decodable { var id: String }
            let id = try JSONDecoder().decode(Added.self, from: Data(added.utf8)).id
            #expect(try await operate("list", "token-issuers", "--of", provider.id).contains(id))
            // From now on within a second, too: the feed tells of it.
            let known = try await wait(upTo: .seconds(5)) {
                await handset.client.getServiceInstances(serviceId: try testbed.service()).executionStatus == .noError ? true : nil
            }
            #expect(known == true)

            let (requests, asked) = (handset.transport.exchanges.count, issuer.asked)
            let instance = try await handset.create(testbed)
            let deployed = await handset.deploy(instance.id)
            #expect(deployed.serviceInstanceState == .operational, "\(deployed.processInfo.executionMessage)")
            // A token for each request to the TSM, and no registration.
            #expect(issuer.asked - asked == handset.transport.exchanges.count - requests)
            #expect(!handset.transport.exchanges.dropFirst(requests).contains { $0.request.path.hasSuffix("/registrations") })
            #expect(await handset.client.suspendOrResumeService(serviceInstanceId: instance.id, suspensionControl: true).processInfo.executionStatus == .noError)

            // The issuer speaks for its own service provider and nobody else's apps.
            try await withHandset(try TestHandset(testbed, 1, serviceProvider: 1)) { other in
                let foreign = OwnTokenIssuer(deviceAppId: try #require(testbed.file.serviceProviders[1].apps.first).deviceAppId)
                #expect(await other.client.setAccessToken(foreign).executionStatus == .noError)
                #expect(await other.client.getServiceInstances(serviceId: try testbed.service()).executionStatus == .notAuthenticated)
            }
            let caller = try BareCaller(testbed, deviceKey: handset.deviceKey)
            let body = Array("{}".utf8)
            let alien = OwnTokenIssuer(deviceAppId: try #require(testbed.file.serviceProviders[1].apps.first).deviceAppId)
            let otherApp = try alien.token(deviceKeyThumbprint: handset.deviceKey.publicKey.thumbprint, by: issuer.key)
            #expect(try await caller.post("/service-instance-queries", body: body, token: otherApp).status == 403)
            let otherKey = try issuer.token(deviceKeyThumbprint: handset.deviceKey.publicKey.thumbprint, by: alien.key)
            #expect(try await caller.post("/service-instance-queries", body: body, token: otherKey).status == 401)
            let stolen = try issuer.token(deviceKeyThumbprint: SoftwareTokenSigner().publicKey.thumbprint, by: issuer.key)
            #expect(try await caller.post("/service-instance-queries", body: body, token: stolen).status == 401)
            await caller.close()
            issuer.live(3600)
            #expect(await handset.terminate(instance.id).processInfo.executionStatus == .notAuthenticated)
            issuer.live(300)

            _ = try await operate("remove", "token-issuers", "--of", provider.id, id)
            let clock = ContinuousClock(), removed = clock.now
            let refused = try await wait(upTo: .seconds(5)) {
                await handset.client.getServiceInstances(serviceId: try testbed.service()).executionStatus == .notAuthenticated ? clock.now - removed : nil
            }
            #expect(try #require(refused) < .seconds(1))
            // The TSM's own registration goes on as before.
            #expect(await handset.client.setAccessToken(nil).executionStatus == .noError)
            #expect(await handset.terminate(instance.id).processInfo.executionStatus == .noError)
        }
    }
}
