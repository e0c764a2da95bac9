import Foundation

extension CardProfile {
    /// Reads a profile from a JSON file.
    /// - Throws: `fileUnreadable`; `profileInvalid` naming the member that is wrong.
    public init(contentsOf path: String) throws(SimulatorError) {
        let data: Data
        do { data = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
            throw SimulatorError(.fileUnreadable, "\(path) cannot be read: \(error.localizedDescription)")
        }
        do { try self.init(json: [UInt8](data)) } catch { throw SimulatorError(.profileInvalid, "\(path): \(error.reason)") }
    }

    /// Reads a profile from JSON.
    /// - Throws: `profileInvalid` naming the member that is wrong.
    public init(json: [UInt8]) throws(SimulatorError) {
        do {
            self = try JSONDecoder().decode(CardProfile.self, from: Data(json))
        } catch let error as DecodingError {
            throw SimulatorError(.profileInvalid, error.explanation)
        } catch {
            throw SimulatorError(.profileInvalid, "\(error)")
        }
        if let inconsistency { throw SimulatorError(.profileInvalid, inconsistency) }
        guard hasAccessRuleApplication || initialAccessRules.isEmpty else {
            throw SimulatorError(.profileInvalid, "deviceApps: there are rules and no access rule application to hold them")
        }
        for rule in initialAccessRules {
            do { _ = try AccessRuleStore.parse(rule) } catch { throw SimulatorError(.profileInvalid, "access rule \(rule): \(error.reason)") }
        }
    }

    /// The profile as a file has it: JSON with ordered members and a line break at the end.
    /// - Throws: `profileInvalid`.
    public func json() throws(SimulatorError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do { return [UInt8](try encoder.encode(self)) + [0x0A] } catch { throw SimulatorError(.profileInvalid, "\(error)") }
    }
}
