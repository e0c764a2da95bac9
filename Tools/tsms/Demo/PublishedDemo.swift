import GlobalPlatform
import TrustedServiceModel

/// What the demo published: a Service with two applets in two Versions; the second has another release of one of them.
struct PublishedDemo: Sendable {
    let serviceId: String
    let securityDomain: AID
    let package: AID
    let ticket: AID
    let store: AID
    /// By tag: the Flavor that a token of it names.
    let flavors: [String: String]

    static let installed = "1.0.0", updated = "1.1.0"

    init(service: TrustedServiceModel.Service, flavors: [String: String], package: String) throws {
        serviceId = service.id
        securityDomain = try AID(hex: service.sdAid)
        self.package = try AID(hex: package)
        ticket = try AID(hex: DemoServiceFile.ticketInstance())
        store = try AID(hex: DemoServiceFile.storeInstance())
        self.flavors = flavors
    }

    func flavor(_ tag: String) throws(ToolFailure) -> String {
        guard let flavor = flavors[tag] else { throw ToolFailure("Version \(tag) has no Flavor") }
        return flavor
    }
}
