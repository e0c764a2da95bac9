import Foundation

/// The CAP files that the repository carries.
public enum Applets {
    /// - Parameter name: with or without `.cap`.
    public static func archive(_ name: String) throws -> [UInt8] {
        let file = name.hasSuffix(".cap") ? name : name + ".cap"
        return [UInt8](try Data(contentsOf: ReferenceData.packageRoot.appendingPathComponent("deploy/testbed/applets/\(file)")))
    }
}
