import Foundation
import GlobalPlatform
import HTTPTypes
import ServiceKit
import TrustedServiceModel

/// What is deployed: one applet of one CAP file.
struct Applet: Sendable {
    let capFile: String
    let module: String
    let instance: String
    let withAttestationToken: Bool

    static let ticket = Applet(capFile: "ticket-1.0-jc304.cap", module: "f054534d53010101", instance: "f054534d5301010101", withAttestationToken: true)
    static let bulk = Applet(capFile: "bulk-1.0-jc304.cap", module: "f054534d53010301", instance: "f054534d5301030101", withAttestationToken: false)

    /// `deploy/testbed/applets` in a directory above the programs.
    func read(_ workplace: Workplace) throws(BenchFailure) -> [UInt8] {
        var directory = workplace.programs
        while directory != "/", !directory.isEmpty {
            if let data = FileManager.default.contents(atPath: "\(directory)/deploy/testbed/applets/\(capFile)") { return Array(data) }
            directory = (directory as NSString).deletingLastPathComponent
        }
        throw BenchFailure("deploy/testbed/applets/\(capFile) is in no directory above \(workplace.programs)")
    }
}

/// A Service that the testbed's first service provider published through the gateway, with key provisioning mode 1.
struct PublishedService: Sendable {
    static let version = "1.0.0"

    let id: String
    let applet: Applet
    /// Of the load file data block.
    let loadFileSize: Int

    private struct NewApplicationConfig: Encodable, Sendable {
        var instanceAid: String
        var name = "bench"
        var activationConfig = ActivationConfig(makeSelectable: true, accessibleViaApdu: true)
        var personalizationConfig: PersonalizationConfig
    }

    struct NewService: Encodable, Sendable {
        var name = "bench"
        var accessAuthorizedDeviceApps: [String]
    }

    private struct NewFlavor: Encodable, Sendable {
        var name = "bench"
        var executableLoadFileIds: [String]
        var applicationInstantiationConfigs: [ApplicationInstantiationConfig]
        var featureConfig: FeatureConfig
    }

    private struct NewVersion: Encodable, Sendable {
        var tag = PublishedService.version
        var allowedDeployments: [String: [String]]
    }

    static func publish(_ applet: Applet, _ workplace: Workplace, in testbed: TestbedFile) async throws -> PublishedService {
        try await publish(applet, try applet.read(workplace), in: testbed)
    }

    /// - Parameter file: the CAP file, which is the applet's own or another with the same applet.
    static func publish(_ applet: Applet, _ file: [UInt8], in testbed: TestbedFile) async throws -> PublishedService {
        try await ProviderConnection.with(testbed) { try await publish(applet, file, testbed, $0) }
    }

    private static func publish(_ applet: Applet, _ file: [UInt8], _ testbed: TestbedFile, _ connection: ProviderConnection) async throws -> PublishedService {
        let (provider, client, headers) = (connection.provider, connection.client, connection.headers)
        guard let master = provider.keyIndexes.first(where: { $0.modes.contains(1) }), let profile = testbed.secureComponentProfiles.first else {
            throw BenchFailure("the testbed's service provider has no master key, or the testbed no profile")
        }
        let upload = UploadForm(loadFile: file, named: applet.capFile)
        let answer = try await client.exchange(.post, "/executable-load-files", bytes: upload.body, contentType: upload.contentType, headers: headers)
        let loadFile = try WireJSON.decode(CAP.self, from: answer.body)
        let modules = try await client.call(.get, "/executable-load-files/\(loadFile.id)/executable-modules", headers: headers, as: [ExecutableModule].self)
        guard let module = modules.first(where: { $0.aid.lowercased() == applet.module }) else { throw BenchFailure("\(applet.capFile) has no applet \(applet.module)") }
        let config = try await client.call(.post, "/application-configs", body: NewApplicationConfig(
            instanceAid: applet.instance, personalizationConfig: PersonalizationConfig(provideAttestationToken: applet.withAttestationToken)), headers: headers, as: ApplicationConfig.self)
        let service = try await client.call(.post, "/services", body: NewService(accessAuthorizedDeviceApps: provider.apps.map(\.deviceAppId)), headers: headers, as: TrustedServiceModel.Service.self)
        let flavor = try await client.call(.post, "/services/\(service.id)/flavors", body: NewFlavor(
            executableLoadFileIds: [loadFile.id], applicationInstantiationConfigs: [ApplicationInstantiationConfig(executableModuleId: module.id, applicationConfigId: config.id)],
            featureConfig: FeatureConfig(keyProvisioningMode: 1, keyIndex: master.index)), headers: headers, as: Flavor.self)
        _ = try await client.call(.post, "/services/\(service.id)/versions", body: NewVersion(allowedDeployments: [flavor.id: [profile.id]]), headers: headers, as: Version.self)
        _ = try await client.call(.post, "/services/\(service.id)/flavors/\(flavor.id)/publish", headers: headers, as: Flavor.self)
        return PublishedService(id: service.id, applet: applet, loadFileSize: try CAPFile(file).loadFileDataBlock.count)
    }
}
