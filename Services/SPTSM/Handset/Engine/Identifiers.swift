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
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ (1...3).contains($0.count) && $0.allSatisfy(\.isASCIIDigit) }) else {
            throw TSMFailure(.invalidArgument, "version in CreateServiceInstanceRequest has invalid format: a concrete version a.b.c is needed")
        }
    }
}

extension Character {
    var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
