import TrustedServiceModel

/// Checks of what a caller names, before anything is looked up: malformed is category 4, unknown 17 (contract: not-found).
enum Identifiers {
    static func requireUUID(_ text: String, _ name: String) throws(TSMFailure) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.count) == [8, 4, 4, 4, 12], parts.allSatisfy({ $0.allSatisfy(\.isHexDigit) }) else {
            throw TSMFailure(.invalidArgument, "\(name) is not a UUID")
        }
    }

    /// A concrete version tag `a.b.c`, one to three digits each (TR-03165 4.1.4.4).
    static func requireConcreteVersion(_ text: String) throws(TSMFailure) {
        _ = try VersionTag(concrete: text, attribute: "version", of: "CreateServiceInstanceRequest")
    }
}
