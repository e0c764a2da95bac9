import GlobalPlatform
import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

@Suite struct CrossAttributeTests {
    private func category(_ work: () throws -> Void) -> Int {
        do {
            try work()
            return 0
        } catch {
            return (error as? GeneralError)?.errorCategory ?? -1
        }
    }

    @Test(arguments: 0...3) func keyIndexGoesWithTheMode(_ mode: Int) {
        #expect(category { try CrossAttributeRules.keyIndexGoesWithTheMode(FeatureConfig(keyProvisioningMode: mode, keyIndex: "k")) } == (mode == 0 ? 1008 : 0))
        #expect(category { try CrossAttributeRules.keyIndexGoesWithTheMode(FeatureConfig(keyProvisioningMode: mode)) } == (mode == 0 ? 0 : 1008))
    }

    @Test(arguments: 0...3, [false, true]) func attestationTokenGoesWithTheMode(_ mode: Int, _ includesData: Bool) {
        let personalization = PersonalizationConfig(provideAttestationToken: true, includeSecurityDomainDiversificationData: includesData)
        let feature = FeatureConfig(keyProvisioningMode: mode, keyIndex: mode == 0 ? "" : "k")
        let isAllowed = mode != 0 && (!includesData || mode == 1)
        let category = category {
            try CrossAttributeRules.tokenNeedsProvisionedKeys(personalization, feature, changing: "x")
            try CrossAttributeRules.diversificationDataNeedsDerivedKeys(personalization, feature, changing: "x")
        }
        #expect(category == (isAllowed ? 0 : 1008))
    }

    @Test func conditionsOfOneConfig() throws {
        #expect(category { try CrossAttributeRules.accessNeedsSelectability(ActivationConfig(makeSelectable: false)) } == 0)
        #expect(category { try CrossAttributeRules.accessNeedsSelectability(ActivationConfig(accessibleViaApdu: true, accessibleViaNfc: true)) } == 0)
        #expect(category { try CrossAttributeRules.accessNeedsSelectability(ActivationConfig(makeSelectable: false, accessibleViaApdu: true)) } == 1008)
        #expect(category { try CrossAttributeRules.accessNeedsSelectability(ActivationConfig(makeSelectable: false, accessibleViaNfc: true)) } == 1008)
        var personalization = PersonalizationConfig(includeSecurityDomainDiversificationData: true)
        #expect(category { try CrossAttributeRules.diversificationDataNeedsToken(personalization) } == 1008)
        personalization.provideAttestationToken = true
        #expect(category { try CrossAttributeRules.diversificationDataNeedsToken(personalization) } == 0)
        let tenancy = AIDTenancy(prefixes: [try HexBytes(hex: "F054534D53")])
        #expect(category { try tenancy.check(AID(hex: "F054534D5301"), attribute: "x") } == 0)
        #expect(category { try tenancy.check(AID(hex: "F054534D5401"), attribute: "x") } == 1008)
    }

    @Test func securityDomainsAreNumbered() throws {
        let tenancy = AIDTenancy(prefixes: [try HexBytes(hex: "F054534D53"), try HexBytes(hex: "A000000001")])
        #expect(try tenancy.securityDomain(number: 258).description == "f054534d53d000000102")
        #expect(try AIDTenancy(prefixes: [HexBytes(Array(repeating: 0xA0, count: 11))]).securityDomain(number: 1).bytes.count == 16)
        #expect(category { _ = try AIDTenancy(prefixes: [HexBytes(Array(repeating: 0xA0, count: 12))]).securityDomain(number: 1) } == 2000)
        #expect(category { _ = try AIDTenancy(prefixes: []).securityDomain(number: 1) } == 2000)
    }

    @Test(arguments: [("3.0.4", "1.6", "3.0.4", "1.6", 0), ("3.0.4", "1.6", "3.0.5", "1.7", 0), ("3.1.0", "0.0", "3.0.5", "1.6", 1016), ("3.0.4", "1.7", "3.0.5", "1.6", 1016),
                      ("3.0.4", "1.10", "3.0.5", "1.9", 1016), ("2.1.1", "0.0", "3.0.4", "", 0), ("2.1.1", "1.0", "3.0.4", "", 1016)])
    func requirementsAreComparedByNumbers(_ javaCard: String, _ gpApi: String, _ offeredJavaCard: String, _ offeredGpApi: String, _ expected: Int) {
        let profile = SecureComponentProfile(id: "", name: "", scType: 1, hardwarePlatform: "", os: "", osVersion: "", javaCardVersion: offeredJavaCard,
                                             gpApiVersions: offeredGpApi.isEmpty ? [:] : ["card": offeredGpApi])
        let needed = TechnicalRequirements(javaCardVersion: javaCard, gpApiVersion: gpApi)
        #expect(category { try TechnicalConstraints.check([needed], FeatureConfig(), on: profile) } == expected)
        #expect(category { try TechnicalConstraints.check([], FeatureConfig(useCspFull: true), on: profile) } == 1016)
    }

    @Test func ruleSpansEntitiesFromBothSides() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        let flavor = "/services/\(demo.service.id)/flavors/\(demo.flavor.id)"
        #expect(try await plane.call(.put, flavor, json: #"{"featureConfig": {"keyProvisioningMode": 2}}"#).category == 1008)
        #expect(try await plane.call(.put, flavor, json: #"{"featureConfig": null}"#).category == 1008)
        let config = "/application-configs/\(demo.config.id)"
        let relaxed = #"{"instanceAid": "F054534D5301010101", "personalizationConfig": {"includeSecurityDomainDiversificationData": false}}"#
        #expect(try await plane.call(.put, config, json: relaxed).status == 200)
        #expect(try await plane.call(.put, flavor, json: #"{"featureConfig": {"keyProvisioningMode": 2}}"#).status == 200)
        let strict = #"{"instanceAid": "F054534D5301010101", "personalizationConfig": {"includeSecurityDomainDiversificationData": true}}"#
        #expect(try await plane.call(.put, config, json: strict).category == 1008)
    }
}
