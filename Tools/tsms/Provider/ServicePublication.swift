import Foundation
import GlobalPlatform
import TrustedServiceModel

/// An application of a service as the service provider describes it: which applet of which CAP file, under which AID.
struct PublishedApplication: Sendable {
    /// Of the CAP file in the applets' directory.
    var capFile: String
    /// The applet.
    var module: AID
    var instance: AID
    var name: String
    var withAttestationToken: Bool
}

/// What a service provider does from a CAP file to a published service, step by step.
struct ServicePublication: Sendable {
    let client: ProviderClient
    let provider: TestbedDescription.ServiceProvider
    let profileId: String
    /// Directory of the CAP files.
    let applets: String

    struct Uploaded: Sendable {
        var file: CAP
        var modules: [ExecutableModule]
    }

    func upload(_ capFile: String) async throws -> Uploaded {
        let file = try await client.upload(loadFile: try Programs.read("\(applets)/\(capFile)"), named: capFile)
        return Uploaded(file: file, modules: try await client.modules(of: file.id))
    }

    func configure(_ application: PublishedApplication) async throws -> ApplicationConfig {
        // The diversification data in the token lets the service provider derive the security domain's keys from its master key.
        try await client.create(NewApplicationConfig(
            instanceAid: application.instance.description, name: application.name,
            activationConfig: ActivationConfig(makeSelectable: true, accessibleViaApdu: true),
            personalizationConfig: PersonalizationConfig(provideAttestationToken: application.withAttestationToken,
                                                         includeSecurityDomainDiversificationData: application.withAttestationToken)))
    }

    func createService(_ name: String) async throws -> TrustedServiceModel.Service {
        try await client.create(NewService(name: name, accessAuthorizedDeviceApps: provider.apps.map(\.deviceAppId)))
    }

    /// Flavor with key provisioning mode 1, and the Version that deploys it.
    func addVersion(_ tag: String, to service: String, _ parts: [(application: PublishedApplication, uploaded: Uploaded, config: ApplicationConfig)]) async throws -> Flavor {
        guard let master = provider.keyIndexes.first(where: { $0.modes.contains(1) }) else { throw ToolFailure("\(provider.name) has no master key") }
        let instantiations = try parts.map { part in
            guard let module = part.uploaded.modules.first(where: { $0.aid.lowercased() == part.application.module.description }) else {
                throw ToolFailure("\(part.application.capFile) has no applet \(part.application.module)")
            }
            return ApplicationInstantiationConfig(executableModuleId: module.id, applicationConfigId: part.config.id)
        }
        var files: [String] = []
        for part in parts where !files.contains(part.uploaded.file.id) { files.append(part.uploaded.file.id) }
        let flavor = try await client.create(NewFlavor(
            name: "release \(tag)", executableLoadFileIds: files, applicationInstantiationConfigs: instantiations,
            featureConfig: FeatureConfig(keyProvisioningMode: KeyProvisioningMode.basicDiversifiedCreate.rawValue, keyIndex: master.index)), of: service)
        _ = try await client.create(NewVersion(tag: tag, allowedDeployments: [flavor.id: [profileId]]), of: service)
        return flavor
    }

    func publish(_ flavor: Flavor) async throws {
        let published = try await client.publish(flavor: flavor.id, of: flavor.serviceId)
        guard published.published else { throw ToolFailure("Flavor \(flavor.id) is not published although the TSM did not refuse") }
    }
}

/// The testbed's own applets.
enum TestbedApplets {
    /// The prefix that package and applet AIDs of the CAP files begin with.
    private static func aid(_ suffix: String) throws -> AID { try AID(hex: "f054534d53" + suffix) }

    static func ticket(_ capFile: String) throws -> PublishedApplication {
        PublishedApplication(capFile: capFile, module: try aid("010101"), instance: try aid("01010101"), name: "ticket", withAttestationToken: true)
    }

    static func store(_ capFile: String) throws -> PublishedApplication {
        PublishedApplication(capFile: capFile, module: try aid("010201"), instance: try aid("01020101"), name: "store", withAttestationToken: false)
    }
}
