import Foundation
import Identity
import ServiceKit
import TrustedServiceModel

/// The testbed's own services as files for `tsms provider apply`: the demo publishes with them, and a reader finds them in the testbed.
enum DemoServiceFile {
    private static let ticketConfig = ServiceFile.Config(
        // The diversification data in the token lets the service provider derive the security domain's keys from its master key.
        instanceAid: "f054534d5301010101", activation: .init(apdu: true), personalization: .init(attestationToken: true, diversificationData: true))
    private static let storeConfig = ServiceFile.Config(instanceAid: "f054534d5301020101", activation: .init(apdu: true))

    static func ticketInstance() -> String { ticketConfig.instanceAid }
    static func storeInstance() -> String { storeConfig.instanceAid }

    /// Release 1.0.0 with the ticket applet 1.0, 1.1.0 with 1.1, the store applet beside both.
    static func ticketAndStore(_ provider: TestbedDescription.ServiceProvider, profiles: [String], applets: String) throws(ToolFailure) -> ServiceFile {
        ServiceFile(
            loadFiles: ["ticket 1.0": .init(file: applets + "/ticket-1.0-jc304.cap"), "ticket 1.1": .init(file: applets + "/ticket-1.1-jc304.cap"), "store": .init(file: applets + "/store-1.0-jc304.cap")],
            applicationConfigs: ["ticket": ticketConfig, "store": storeConfig],
            services: ["ticket and store": .init(
                apps: provider.apps.map(\.deviceAppId),
                flavors: ["release 1.0.0": try flavor(provider, ["ticket 1.0", "store"]), "release 1.1.0": try flavor(provider, ["ticket 1.1", "store"])],
                versions: ["1.0.0": ["release 1.0.0": profiles], "1.1.0": ["release 1.1.0": profiles]])])
    }

    /// With key provisioning mode 1.
    private static func flavor(_ provider: TestbedDescription.ServiceProvider, _ loadFiles: [String]) throws(ToolFailure) -> ServiceFile.Flavor {
        guard let master = provider.keyIndexes.first(where: { $0.modes.contains(1) }) else { throw ToolFailure("\(provider.name) has no master key") }
        return .init(loadFiles: loadFiles, applications: loadFiles.map { file in
            file == "store" ? .init(loadFile: file, module: "f054534d53010201", config: "store") : .init(loadFile: file, module: "f054534d53010101", config: "ticket")
        }, keys: .init(mode: 1, index: master.index), published: true)
    }

    /// Writes the file into the testbed and applies it.
    /// - Returns: the steps that were done.
    @discardableResult
    static func apply(_ file: ServiceFile, to path: String, _ client: ProviderClient) async throws -> [Reconciliation.Step] {
        try AtomicFile.write(file.yaml.document.utf8, to: path, mode: AtomicFile.publicMode)
        var reconciliation = try await Reconciliation(file: try ServiceFile.read(path), directory: URL(fileURLWithPath: path).deletingLastPathComponent().path, client: client, mode: .perform)
        return try await reconciliation.run().filter { $0.action != .keep }
    }

    /// The one Service of a file that was applied, with its tags in order.
    static func find(_ file: ServiceFile, _ client: ProviderClient) async throws -> (service: TrustedServiceModel.Service, flavors: [Flavor], tags: [String]) {
        guard let (name, wanted) = file.services?.first else { throw ToolFailure("the file describes no Service") }
        let services: [TrustedServiceModel.Service] = try await client.call(.get, "/services")
        guard let service = services.first(where: { $0.name == name }) else { throw ToolFailure("the Service '\(name)' is not at the TSM although it was applied") }
        return (service, try await client.call(.get, "/services/\(service.id)/flavors"), wanted.versions.keys.sorted())
    }
}
