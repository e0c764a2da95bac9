import ArgumentParser
import ServiceKit

/// What the operator's interface of the SP TSM keeps (docs/operator-api.yaml), as the verbs of `tsms operator` name it.
enum OperatorKind: String, CaseIterable, ExpressibleByArgument, Sendable {
    case serviceProviders = "service-providers", tokens, deviceApps = "device-apps", keyIndexes = "key-indexes", aidPrefixes = "aid-prefixes",
         clientCertificate = "client-certificate", tokenIssuers = "token-issuers", deviceIntegrity = "device-integrity", issuers, profiles, removal, notices, maintenance, lockouts

    /// Those that belong to a service provider.
    var hasOwner: Bool { [.tokens, .deviceApps, .keyIndexes, .aidPrefixes, .clientCertificate, .tokenIssuers, .deviceIntegrity].contains(self) }

    /// Path of the collection, or of the one thing that there is.
    /// - Parameter owner: the service provider, or for `removal` the profile.
    func path(of owner: String?) throws(ToolFailure) -> String {
        switch self {
        case .profiles: return "/secure-component-profiles"
        case .removal:
            guard let owner else { throw ToolFailure("a removal is of a profile: name it with --of") }
            return "/secure-component-profiles/\(JSONClient.segment(owner))/removal"
        case _ where hasOwner:
            guard let owner else { throw ToolFailure("\(rawValue) belong to a service provider: name it with --of") }
            return "/service-providers/\(JSONClient.segment(owner))/\(rawValue)"
        default: return "/" + rawValue
        }
    }

    /// Path of one of them.
    /// - Parameter id: as it is listed; of a lock-out `address/192.0.2.1` or `serviceProvider/ID`.
    func path(of owner: String?, _ id: String) throws(ToolFailure) -> String {
        let parts = self == .lockouts ? id.split(separator: "/", maxSplits: 1).map(String.init) : [id]
        return try path(of: owner) + parts.map { "/" + JSONClient.segment($0) }.joined()
    }
}

/// `name=value` of the command line, as a member of a JSON body. A value that is JSON is taken as such, `[a, b]` without quotes as a list of texts,
/// `@file` as the content of a file (as JSON where it holds an object or list), all else as text.
struct BodyMember: Sendable, ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else { return nil }
        name = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }

    init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
