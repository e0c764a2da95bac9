import DeploymentDocument
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

    func check(verdict: String?, serviceProviderId: String, deviceAppId: String, deviceKeyThumbprint: String) async throws(TSMFailure) {
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

@Suite("signed verdicts: the service provider's integrity service vouches for this app on this device, now")
struct SignedVerdictTests {
    static let audience = "https://sp-tsm.example/tsm-api"
    let service = SoftwareTokenSigner(keyID: "i1"), device = SoftwareTokenSigner()

    private func refusal(_ bench: TSMBench, _ verdict: String?, provider: String = FixedCatalogue.provider, key: SoftwareTokenSigner? = nil) async -> TSMFailure? {
        let clock = bench.clock
        let check = SignedVerdictCheck(catalogue: bench.catalogue, audience: Self.audience, now: { clock.now }, logger: bench.logger)
        do throws(TSMFailure) {
            try await check.check(verdict: verdict, serviceProviderId: provider, deviceAppId: FixedCatalogue.app, deviceKeyThumbprint: (key ?? device).publicKey.thumbprint)
        } catch {
            #expect(error.category == .deviceIntegrityCheckFailed)
            return error
        }
        return nil
    }

    private func verdict(_ bench: TSMBench, _ outcome: DeviceVerdict.Outcome = .pass, by signer: SoftwareTokenSigner? = nil) throws -> String {
        try DeviceVerdict(audience: Self.audience, issued: bench.clock.now, deviceAppId: FixedCatalogue.app, deviceKeyThumbprint: device.publicKey.thumbprint, verdict: outcome)
            .signed(by: signer ?? service)
    }

    @Test("good ones pass; missing, failed, old, another device's, another signer's, another provider's: category 20")
    func verdicts() async throws {
        try await withBench { bench in
            let good = try verdict(bench)
            #expect(await refusal(bench, good)?.details.contains("knows no integrity service") == true)
            let keys = DeviceIntegrityKeys(serviceProviderId: FixedCatalogue.provider, jwks: JSONWebKeySet(keys: [service.publicKey]), maximumAge: 120)
            bench.catalogue.state.withLock { $0.deviceIntegrityKeys = [keys] }
            #expect(await refusal(bench, good) == nil)
            #expect(await refusal(bench, nil)?.details.contains("carries no verdict") == true)
            #expect(await refusal(bench, "sound") != nil)
            #expect(await refusal(bench, try verdict(bench, .fail))?.details.contains("does not vouch") == true)
            #expect(await refusal(bench, good, key: SoftwareTokenSigner())?.details.contains("another device key") == true)
            #expect(await refusal(bench, try verdict(bench, by: SoftwareTokenSigner(keyID: "i1"))) != nil)
            // Another provider's integrity service says nothing of this provider's devices.
            #expect(await refusal(bench, good, provider: "3b1d6f0e-0000-4000-8000-00000000000f") != nil)
            let foreign = DeviceIntegrityKeys(serviceProviderId: "3b1d6f0e-0000-4000-8000-00000000000f", jwks: JSONWebKeySet(keys: [SoftwareTokenSigner(keyID: "i1").publicKey]), maximumAge: 120)
            bench.catalogue.state.withLock { $0.deviceIntegrityKeys = [foreign, keys] }
            #expect(await refusal(bench, good) == nil)
            #expect(await refusal(bench, good, provider: foreign.serviceProviderId) != nil)
            bench.clock.advance(by: 151)
            #expect(await refusal(bench, good)?.details.contains("old") == true)
            #expect(await refusal(bench, try verdict(bench)) == nil)
            bench.catalogue.state.withLock { $0.deviceIntegrityKeys = [] }
            #expect(await refusal(bench, try verdict(bench)) != nil)
        }
    }
}
