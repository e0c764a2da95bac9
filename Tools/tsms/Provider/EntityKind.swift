import ArgumentParser
import TrustedServiceModel

/// The collections of the REST API that stand by themselves.
enum EntityKind: String, CaseIterable, ExpressibleByArgument, Sendable {
    case services, flavors, versions, loadFiles = "load-files", configs = "application-configs", scripts, certificates, sposConfigs = "spos-configs", profiles, notices, keyIndexes = "key-indexes", account

    /// - Parameter service: of Flavors and Versions.
    func path(service: String?) throws(ToolFailure) -> String {
        switch self {
        case .services: "/services"
        case .flavors: try Self.below(service, "flavors")
        case .versions: try Self.below(service, "versions")
        case .loadFiles: "/executable-load-files"
        case .configs: "/application-configs"
        case .scripts: "/personalization-scripts"
        case .certificates: "/certificates"
        case .sposConfigs: "/spos-configs"
        case .profiles: "/secure-component-profiles"
        case .notices: "/notices"
        case .keyIndexes: "/key-indexes"
        case .account: "/serviceproviders/current"
        }
    }

    private static func below(_ service: String?, _ collection: String) throws(ToolFailure) -> String {
        guard let service else { throw ToolFailure("\(collection) belong to a Service: name it with --service") }
        return "/services/\(ProviderClient.segment(service))/\(collection)"
    }
}
