import TrustedServiceModel

/// The service of `testbed up --with-demo-service`, published with `demo-service.yaml` in the testbed's directory.
enum DemoServicePublication {
    static func publish(in testbed: TestbedDescription, applets: String) async throws -> TestbedDescription.DemoService {
        guard let provider = testbed.serviceProviders.first else { throw ToolFailure("the testbed has no service provider") }
        var file = try DemoServiceFile.ticketAndStore(provider, profiles: testbed.secureComponentProfiles.map(\.id), applets: applets)
        if let ca = provider.spos.ca {
            file.certificates = ["online services": .init(file: ca)]
            file.sposConfigs = ["online service": .init(url: provider.spos.url, certificate: "online services")]
            file.services = file.services?.mapValues { service in
                var service = service
                service.spos = "online service"
                return service
            }
        }
        let client = try await ProviderClient.signIn(provider, gateway: testbed.gateway)
        do {
            try await DemoServiceFile.apply(file, to: testbed.layout.root + "/demo-service.yaml", client)
            let made = try await DemoServiceFile.find(file, client)
            await client.close()
            return TestbedDescription.DemoService(id: made.service.id, versions: made.tags)
        } catch {
            await client.close()
            throw error
        }
    }
}
