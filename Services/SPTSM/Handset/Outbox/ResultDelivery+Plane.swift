import DeploymentDocument
import ServiceKit
import TrustedServiceModel

extension ResultDelivery {
    /// As the handset plane is configured.
    /// - Throws: `TLSError` for our own certificate.
    convenience init(_ outbox: Outbox, catalogue: any Catalogue, _ configuration: HandsetConfiguration, _ resources: ServiceResources) throws {
        let credentials = try resources.credentials(configuration.spos.tls ?? configuration.issuers)
        let (policy, settings) = (AddressPolicy(allowed: configuration.spos.allowedAddresses), configuration.spos.settings)
        let directory = SPOSDirectory { document throws(SPOSTargetError) in
            try SPOSClient(document, credentials: credentials, policy: policy, settings: settings, environment: resources.environment,
                           eventLoopGroup: resources.eventLoopGroup, logger: resources.logger)
        }
        let addresses = SPOSAddressBook(catalogue: catalogue, environment: resources.environment)
        self.init(outbox: outbox, address: { service async throws(TSMFailure) in try await addresses.address(of: service) }, directory: directory, environment: resources.environment, logger: resources.logger)
    }
}
