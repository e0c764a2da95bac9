import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

/// What a whole demo needs, made through the REST API as a service provider would.
struct DemoCatalogue {
    let plane: Plane
    let elf: CAP
    let module: ExecutableModule
    let config: ApplicationConfig
    let service: TrustedServiceModel.Service
    let flavor: Flavor

    init(_ plane: Plane, cap: String = "ticket-1.0-jc304.cap") async throws {
        self.plane = plane
        let uploaded = try await plane.upload(.post, "/executable-load-files", [.file("elfFile", try Applets.archive(cap), fileName: cap)])
        try #require(uploaded.status == 200, "\(String(decoding: uploaded.body, as: UTF8.self))")
        elf = try uploaded.decode()
        module = try #require(try await plane.call(.get, "/executable-load-files/\(elf.id)/executable-modules").decode([ExecutableModule].self).first)
        config = try await plane.call(.post, "/application-configs", json: """
            {"instanceAid": "F054534D5301010101", "name": "ticket", "installConfig": {"applicationSpecificInstallParameter": "0f 02 01 02", "privileges": ["GlobalService"]},
             "activationConfig": {"accessibleViaApdu": true}, "personalizationConfig": {"provideAttestationToken": true, "includeSecurityDomainDiversificationData": true}}
            """).decode()
        service = try await plane.call(.post, "/services", json: """
            {"name": "Ticket", "accessAuthorizedDeviceApps": ["\(String(repeating: "AB", count: 32))"], "spParameters": {"a": "service", "b": "service"}}
            """).decode()
        flavor = try await plane.call(.post, "/services/\(service.id)/flavors", json: """
            {"name": "plain", "executableLoadFileIds": ["\(elf.id)"], "spParameters": {"b": "flavor"},
             "applicationInstantiationConfigs": [{"executableModuleId": "\(module.id)", "applicationConfigId": "\(config.id)"}],
             "featureConfig": {"keyProvisioningMode": 1, "keyIndex": "master-1"}}
            """).decode()
    }

    func createVersion(_ tag: String = "1.0.0", on profile: SecureComponentProfile) async throws -> Plane.Answer {
        try await plane.call(.post, "/services/\(service.id)/versions", json: #"{"tag": "\#(tag)", "allowedDeployments": {"\#(flavor.id)": ["\#(profile.id)"]}}"#)
    }

    func publish() async throws -> Plane.Answer { try await plane.call(.post, "/services/\(service.id)/flavors/\(flavor.id)/publish") }
}
