import Foundation
import Testing

/// How the services are kept apart on one machine (TR-03165 4.2.2): tests that run as root see no file modes, so what the units say is held here.
@Suite("systemd units")
struct ServiceUnitTests {
    private struct Unit {
        var name: String
        /// Values of `[Service]`, in order, by key.
        var service: [String: [String]]

        func value(_ key: String) -> String? { service[key]?.count == 1 ? service[key]?.first : nil }
    }

    private func units() throws -> [Unit] {
        let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "deploy/systemd")
        return try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil).filter { $0.pathExtension == "service" }.map { file in
            var section = ""
            var service: [String: [String]] = [:]
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map({ $0.trimmingCharacters(in: .whitespaces) }) where !line.isEmpty && !line.hasPrefix("#") {
                if line.hasPrefix("[") {
                    section = line
                } else if section == "[Service]" {
                    let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                    try #require(parts.count == 2, "\(file.lastPathComponent): \(line)")
                    service[String(parts[0]), default: []].append(String(parts[1]))
                }
            }
            return Unit(name: file.deletingPathExtension().lastPathComponent, service: service)
        }
    }

    @Test("a user, a group, a directory for its state and one for its configuration: each service its own, and nobody root")
    func ownership() throws {
        let units = try units()
        #expect(Set(units.map(\.name)) == ["tsms-gateway-handset", "tsms-gateway-provider", "tsms-key-vault", "tsms-sei-tsm", "tsms-sp-tsm-handset", "tsms-sp-tsm-provider"])
        for key in ["User", "Group", "StateDirectory", "WorkingDirectory"] {
            let values = units.compactMap { $0.value(key) }
            #expect(values.count == units.count && Set(values).count == units.count, "\(key): \(values)")
        }
        for unit in units {
            let role = unit.name.dropFirst("tsms-".count)
            #expect(unit.value("User") == unit.name && unit.value("Group") == unit.name && unit.service["SupplementaryGroups"] == nil && unit.service["DynamicUser"] == nil)
            #expect(unit.value("StateDirectory") == "tsms/\(role)" && unit.value("WorkingDirectory") == "/etc/tsms/\(role)", "\(unit.name)")
            #expect(unit.value("StateDirectoryMode") == "0700" && unit.value("UMask") == "0077", "\(unit.name)")
            for command in (unit.service["ExecStart"] ?? []) + (unit.service["ExecStartPre"] ?? []) {
                #expect(!command.hasPrefix("+") && !command.hasPrefix("!") && command.contains("--config /etc/tsms/\(role)/config.yaml"), "\(unit.name): \(command)")
            }
        }
    }

    @Test("nothing but its own state can be written, and no other process be seen")
    func confinement() throws {
        for unit in try units() {
            // Everything is read-only but the state directory, which belongs to the unit's own user with mode 0700.
            #expect(unit.value("ProtectSystem") == "strict" && unit.value("ProtectHome") == "yes" && unit.value("PrivateTmp") == "yes", "\(unit.name)")
            for key in ["ReadWritePaths", "BindPaths", "BindReadOnlyPaths", "ReadWriteDirectories", "ConfigurationDirectory", "PermissionsStartOnly"] { #expect(unit.service[key] == nil, "\(unit.name) has \(key)") }
            #expect(unit.value("NoNewPrivileges") == "yes" && unit.value("CapabilityBoundingSet") == "" && unit.value("AmbientCapabilities") == "", "\(unit.name)")
            #expect(unit.value("ProtectProc") == "invisible" && unit.value("PrivateUsers") == "yes" && unit.value("RestrictSUIDSGID") == "yes", "\(unit.name)")
        }
    }
}
