import Foundation
import GlobalPlatform
import Identity
import TSMAPI

/// The SP app in terminal form.
@main
struct TicketApp {
    static func main() async {
        guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
            print(Options.usage)
            exit(64)
        }
        do {
            try await run(options)
        } catch {
            print("TicketApp: \(error)")
            exit(1)
        }
    }

    private static func run(_ options: Options) async throws {
        let surroundings = try Surroundings.read(options.testbed)
        guard let service = surroundings.demoService else { throw AppFailure("the testbed has no demo service; bring it up with --with-demo-service") }
        guard let provider = surroundings.serviceProviders.first, let app = provider.apps.first?.deviceAppId, let url = URL(string: surroundings.gateway.handsetURL) else {
            throw AppFailure("testbed.json does not say whose app this is, or where the TSM is")
        }
        let components = try SecureComponents.open(options, surroundings, app: app)
        let transport = try HTTP2BackendTransport(origin: url, trustAnchors: surroundings.gateway.ca)
        let log: (@Sendable (String) -> Void)? = if options.showsLog { { print("    \($0)") } } else { nil }
        let tsm = TSMClient(
            configuration: TSMClientConfiguration(
                handsetURL: url, serviceProviderId: provider.id, deviceAppId: app, issuerSecurityDomains: [.issuerSecurityDomain], log: log),
            transport: transport,
            // A phone keeps it in its key store; this run's installation ends with it.
            deviceKey: SoftwareTokenSigner(),
            secureComponents: components)
        if let file = options.tokenKey {
            print("tokens of the service provider's own issuer, \(OwnTokens.issuer)")
            _ = await tsm.setAccessToken(try OwnTokens(keyFile: file, deviceAppId: app))
        }
        do {
            try await Ticket(tsm: tsm, components: components, serviceId: service.id).live(versions: service.versions)
            await transport.shutdown()
        } catch {
            await transport.shutdown()
            throw error
        }
    }
}
