import Identity
import KeyVaultAPI
import ServiceKit
@testable import SPTSMHandset
import Synchronization
import Testing
import TrustedServiceModel

/// Remembers what it was asked, accepts one verdict.
final class OneVerdict: DeviceIntegrityCheck {
    let asked = Mutex<[(verdict: String?, app: String, key: String)]>([])

    func check(verdict: String?, deviceAppId: String, deviceKeyThumbprint: String) async throws(TSMFailure) {
        asked.withLock { $0.append((verdict, deviceAppId, deviceKeyThumbprint)) }
        guard verdict == "sound" else { throw TSMFailure(.deviceIntegrityCheckFailed, "the device's state does not justify an access token") }
    }
}

@Suite("registration: the verdict on the device decides whether there is a token")
struct DeviceIntegrityTests {
    static let url = "https://tsm.example/tsm-api/v1/registrations"

    func register(_ bench: TSMBench, _ check: OneVerdict, _ verdict: String?, app: String = FixedCatalogue.app) async throws(TSMFailure) -> HandsetAPI.RegistrationAnswer {
        let clock = bench.clock, key = SoftwareTokenSigner()
        let environment = ServiceEnvironment(now: { clock.now }, uuid: ServiceEnvironment.system.uuid, randomBytes: ServiceEnvironment.system.randomBytes)
        let authenticator = HandsetAuthenticator(vault: bench.keys, catalogue: bench.catalogue, integrity: check,
                                                 settings: HandsetAuthenticator.Settings(issuer: "tsm.example", audience: "handset"), environment: environment)
        let proof: String
        do throws(TokenError) {
            proof = try DPoPProof.make(signer: key, method: "POST", url: Self.url, accessToken: nil, identifier: environment.uuid(), now: clock.now)
        } catch {
            throw TSMFailure(.internalError, error.reason)
        }
        let request = HandsetAPI.RegistrationRequest(serviceProviderId: FixedCatalogue.provider, deviceAppId: app, integrityVerdict: verdict)
        return try await authenticator.register(request, proof: proof, url: Self.url)
    }

    @Test("accepted: the vault is asked for a token; the check is told app and device key")
    func accepted() async throws {
        try await withBench { bench in
            let check = OneVerdict()
            do throws(TSMFailure) {
                _ = try await register(bench, check, "sound")
                Issue.record("the bench's vault signs no tokens")
            } catch {
                #expect(error.category == .internalError && error.details.contains("usageNotAllowed"), "\(error)")
            }
            check.asked.withLock { asked in
                #expect(asked.count == 1 && asked.first?.verdict == "sound" && asked.first?.app == FixedCatalogue.app && asked.first?.key.isEmpty == false)
            }
        }
    }

    @Test("refused or missing: category 20, no token", arguments: ["rooted", nil])
    func refused(verdict: String?) async throws {
        try await withBench { bench in
            do throws(TSMFailure) {
                _ = try await register(bench, OneVerdict(), verdict)
                Issue.record("a token was issued")
            } catch {
                #expect(error.category == .deviceIntegrityCheckFailed && error.executionMessage == "Device integrity check failed: the device's state does not justify an access token")
            }
        }
    }

    @Test("an app that is not registered is refused before its device is judged")
    func unregistered() async throws {
        try await withBench { bench in
            let check = OneVerdict()
            do throws(TSMFailure) {
                _ = try await register(bench, check, "sound", app: String(repeating: "cd", count: 32))
                Issue.record("a token was issued")
            } catch {
                #expect(error.category == .unauthorized && check.asked.withLock { $0.isEmpty })
            }
        }
    }
}
