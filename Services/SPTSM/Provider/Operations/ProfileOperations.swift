import TrustedServiceModel

/// SecureComponentProfiles as service providers see them (TR-03165 4.1.6.3): read-only, the same for all; what is related is one's own.
enum ProfileOperations {
    static let all: [ProviderOperation] = [
        .read("listSecureComponentProfiles", "/secure-component-profiles") { catalogue, _ in .json(try catalogue.profiles()) },
        .read("getSecureComponentProfile", "/secure-component-profiles/{scpId}") { catalogue, input in .json(try catalogue.profile(input["scpId"])) },
        .read("listScpRelatedElfs", "/secure-component-profiles/{scpId}/elfs") { catalogue, input in
            let profile = try catalogue.profile(input["scpId"])
            return .json(try catalogue.select(CAP.self, where: """
                e.id IN (SELECT l.elf_id FROM flavor_load_file l JOIN deployment d ON d.flavor_id = l.flavor_id WHERE d.scp_id = ?)
                """, [profile.id]))
        },
        .read("listScpRelatedServices", "/secure-component-profiles/{scpId}/services") { catalogue, input in
            let profile = try catalogue.profile(input["scpId"])
            return .json(try catalogue.select(Service.self, where: """
                e.id IN (SELECT v.service_id FROM version v JOIN deployment d ON d.version_id = v.id WHERE d.scp_id = ?)
                """, [profile.id]))
        },
        .read("listScpRelatedFlavors", "/secure-component-profiles/{scpId}/services/{serviceId}/flavors") { catalogue, input in
            let profile = try catalogue.profile(input["scpId"])
            let service = try catalogue.find(Service.self, input["serviceId"])
            return .json(try catalogue.select(Flavor.self, where: "e.service_id = ? AND e.id IN (SELECT flavor_id FROM deployment WHERE scp_id = ?)",
                                              [service.id, profile.id]))
        },
        .read("listScpRelatedVersions", "/secure-component-profiles/{scpId}/services/{serviceId}/versions") { catalogue, input in
            let profile = try catalogue.profile(input["scpId"])
            let service = try catalogue.find(Service.self, input["serviceId"])
            return .json(try catalogue.select(Version.self, where: "e.service_id = ? AND e.id IN (SELECT version_id FROM deployment WHERE scp_id = ?)",
                                              [service.id, profile.id]))
        },
    ]
}
