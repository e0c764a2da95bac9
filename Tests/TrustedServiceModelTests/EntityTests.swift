import Foundation
import TestMaterial
import Testing
import TrustedServiceModel

@Suite struct EntityTests {
    /// Attribute names of each type as the reference data list them; the types must neither lack nor add one.
    @Test(.enabled(if: Self.entities != nil)) func attributesAreThoseOfTheTR() throws {
        let entities = try #require(Self.entities)
        let samples: [(names: [String], value: any Encodable)] = [
            (["ServiceProvider"], ServiceProvider(id: "", name: "")),
            (["Service"], TrustedServiceModel.Service(id: "", spId: "", name: "", creationDate: "", sdAid: "")),
            (["Version"], Version(tag: "", serviceId: "", allowedDeployments: [:])),
            (["Flavor"], Flavor(id: "", serviceId: "", creationDate: "")),
            (["FeatureConfig"], FeatureConfig()),
            (["ApplicationInstantiationConfig"], ApplicationInstantiationConfig(executableModuleId: "", applicationConfigId: "")),
            (["ExecutableLoadFile", "CAP"], CAP(id: "", spId: "", aid: "", fileName: "", creationDate: "", uploadDate: "", packageName: "", importedPackages: [], packageVersion: "",
                                                technicalRequirements: TechnicalRequirements(javaCardVersion: "", gpApiVersion: ""))),
            (["TechnicalRequirements"], TechnicalRequirements(javaCardVersion: "", gpApiVersion: "")),
            (["ExecutableModule"], ExecutableModule(id: "", elfId: "", aid: "")),
            (["ApplicationConfig"], ApplicationConfig(id: "", spId: "", instanceAid: "")),
            (["InstallConfig"], InstallConfig()), (["ActivationConfig"], ActivationConfig()), (["PersonalizationConfig"], PersonalizationConfig()),
            (["PersonalizationScript"], PersonalizationScript(id: "", spId: "", fileName: "", creationDate: "", uploadDate: "")),
            (["Certificate"], Certificate(id: "", spId: "", fileName: "", creationDate: "", uploadDate: "")),
            (["SposConfig"], SposConfig(id: "", spId: "", url: "", certificateId: "")),
            (["SecureComponentProfile"], SecureComponentProfile(id: "", name: "", scType: 1, hardwarePlatform: "", os: "", osVersion: "", javaCardVersion: "")),
            (["GeneralError"], GeneralError.notAuthenticated),
        ]
        #expect(Set(samples.flatMap(\.names)) == Set(entities.keys))
        for sample in samples {
            let object = try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(sample.value)) as? [String: Any])
            #expect(Set(object.keys) == Set(sample.names.flatMap { entities[$0] ?? [] }), "\(sample.names)")
        }
    }

    @Test func defaultsAreThoseOfTheTR() {
        #expect(FeatureConfig() == FeatureConfig(useCspFull: false, genericOptions: [:], keyProvisioningMode: 0, keyIndex: ""))
        #expect(ActivationConfig() == ActivationConfig(makeSelectable: true, accessibleViaApdu: false, accessibleViaNfc: false))
        #expect(ApplicationInstantiationConfig(executableModuleId: "", applicationConfigId: "").priority == 255)
    }

    static let entities: [String: [String]]? = {
        guard let data = ReferenceData.file("entities.json"),
              let file = try? JSONDecoder().decode(File.self, from: data) else { return nil }
        return Dictionary(grouping: file.attributes, by: \.entity).mapValues { $0.map(\.attribute) }
    }()

    private struct File: Decodable {
        struct Attribute: Decodable { let entity: String; let attribute: String }
        let attributes: [Attribute]
    }
}
