import ServiceKit

/// Who says whether a device that registers is sound (TR-03165 4.2.2).
public enum DeviceIntegrityMode: String, Decodable, Sendable, CaseIterable, CheckedConfiguration {
    /// Verdicts signed with a key that the operator registered for the service provider.
    case signedVerdict
    /// Nobody: for testbeds.
    case none
    /// Nobody, in production: said in so many words.
    case notChecked

    public func check(_ conditions: CheckConditions) throws {
        guard self != .none || conditions.testbed else {
            throw ConfigurationError(.invalidValue, path: "deviceIntegrity", reason: "'none' is for testbeds; write signedVerdict, or notChecked to let every device in")
        }
    }
}
