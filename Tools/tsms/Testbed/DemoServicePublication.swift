import TrustedServiceModel

/// The service of `testbed up --with-demo-service`: release 1.0.0 with the ticket applet 1.0, 1.1.0 with 1.1, the store applet beside both.
enum DemoServicePublication {
    static func publish(in testbed: TestbedDescription, applets: String) async throws -> TestbedDescription.DemoService {
        guard let provider = testbed.serviceProviders.first, let profile = testbed.secureComponentProfiles.first else {
            throw ToolFailure("the testbed has no service provider or no profile")
        }
        let client = try await ProviderClient.signIn(provider, gateway: testbed.gateway)
        do {
            let service = try await publish(ServicePublication(client: client, provider: provider, profileId: profile.id, applets: applets))
            await client.close()
            return service
        } catch {
            await client.close()
            throw error
        }
    }

    private static func publish(_ publication: ServicePublication) async throws -> TestbedDescription.DemoService {
        let store = try TestbedApplets.store("store-1.0-jc304.cap")
        let storeFile = try await publication.upload(store.capFile)
        let storeConfig = try await publication.configure(store)
        let service = try await publication.createService("ticket and store")
        let tickets = [("1.0.0", try TestbedApplets.ticket("ticket-1.0-jc304.cap")), ("1.1.0", try TestbedApplets.ticket("ticket-1.1-jc304.cap"))]
        let ticketConfig = try await publication.configure(tickets[0].1)
        for (tag, ticket) in tickets {
            let file = try await publication.upload(ticket.capFile)
            let flavor = try await publication.addVersion(tag, to: service.id, [(ticket, file, ticketConfig), (store, storeFile, storeConfig)])
            try await publication.publish(flavor)
        }
        return TestbedDescription.DemoService(id: service.id, versions: tickets.map(\.0))
    }
}
