import Foundation

/// Which directory of a testbed belongs to whom. Each workload's directory holds all that it reads and writes, so that each may be
/// given to a user of its own.
struct TestbedLayout: Sendable {
    /// Absolute.
    let root: String

    init(root: String) { self.root = URL(fileURLWithPath: root).standardizedFileURL.path }

    var description: String { root + "/testbed.json" }
    /// Certificates that anyone may have.
    var published: String { root + "/published" }

    func spTsm(_ role: String) -> String { "\(root)/sp-tsm/\(role)" }
    /// - Parameter number: from 1.
    func issuer(_ role: String, _ number: Int = 1) -> String { "\(root)/issuer-\(number)/\(role)" }
    func serviceProvider(_ number: Int) -> String { "\(root)/service-providers/sp-\(number)" }
    func handset(_ name: String) -> String { "\(root)/handsets/\(name)" }
    func card(_ handset: String, _ reader: String) -> String { "\(self.handset(handset))/\(reader).card.json" }

    /// What came for a service provider from the TSM.
    func sposInbox(_ number: Int) -> String { serviceProvider(number) + "/spos-inbox" }
    /// Of the process that serves for all of them.
    var onlineServices: String { "\(root)/service-providers/online" }
    /// First path segment of a service provider's online service.
    static func onlinePath(_ number: Int) -> String { "sp-\(number)" }

    /// The service provider's own copy of its master key, hexadecimal: what it derives the keys of its security domains from.
    func masterKey(_ number: Int) -> String { serviceProvider(number) + "/master.key" }

    /// A directory that only its owner enters; those above it as well, as far as they are made here.
    static func make(_ path: String) throws(ToolFailure) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        } catch {
            throw ToolFailure("\(path) cannot be made: \(error.localizedDescription)")
        }
    }
}
