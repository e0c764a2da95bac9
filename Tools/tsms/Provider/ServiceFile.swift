import Foundation
import ServiceKit
import TrustedServiceModel

/// What a service provider wants to have at the TSM, as a YAML file (`tsms provider apply`). Everything has a name of the author's choice;
/// the names refer to each other, and they are how things are found again: a load file, script or certificate by its file name, an SposConfig
/// by its URL, all else by its attribute `name`. Paths are relative to the file.
struct ServiceFile: Decodable, Sendable, Equatable {
    struct Upload: Decodable, Sendable, Equatable {
        var file: String
        /// Where it stands.
        private(set) var line: Int?

        init(file: String) { self.file = file }

        private enum CodingKeys: String, CodingKey { case file }

        init(from decoder: any Decoder) throws {
            let located = try decoder.container(keyedBy: CodingKeys.self).decode(LocatedText.self, forKey: .file)
            (file, line) = (located.text, located.line)
        }

        static func == (one: Upload, other: Upload) -> Bool { one.file == other.file }
    }

    struct SposConfig: Decodable, Sendable, Equatable {
        var url: String
        /// Name of a certificate.
        var certificate: String
        /// Where the URL stands.
        private(set) var line: Int?

        init(url: String, certificate: String) {
            self.url = url
            self.certificate = certificate
        }

        private enum CodingKeys: String, CodingKey { case url, certificate }

        init(from decoder: any Decoder) throws {
            let keys = try decoder.container(keyedBy: CodingKeys.self)
            let located = try keys.decode(LocatedText.self, forKey: .url)
            (url, line) = (located.text, located.line)
            certificate = try keys.decode(String.self, forKey: .certificate)
        }

        static func == (one: SposConfig, other: SposConfig) -> Bool { one.url == other.url && one.certificate == other.certificate }
    }

    struct Install: Codable, Sendable, Equatable {
        /// TLV objects, hexadecimal.
        var parameter: String?
        var privileges: [String]?
    }

    struct Activation: Codable, Sendable, Equatable {
        var selectable: Bool?
        var apdu: Bool?
        var nfc: Bool?
    }

    struct Personalization: Codable, Sendable, Equatable {
        /// Name of a script.
        var script: String?
        /// Name of a certificate.
        var certificate: String?
        var attestationToken: Bool?
        var diversificationData: Bool?
    }

    struct Config: Codable, Sendable, Equatable {
        var instanceAid: String
        var description: String?
        var install: Install?
        var activation: Activation?
        var personalization: Personalization?
    }

    struct Application: Codable, Sendable, Equatable {
        /// Name of a load file, and AID of the applet in it.
        var loadFile: String
        var module: String
        /// Name of an ApplicationConfig.
        var config: String
        var priority: Int?
    }

    struct Keys: Codable, Sendable, Equatable {
        var mode: Int
        var index: String?
    }

    struct Flavor: Codable, Sendable, Equatable {
        var description: String?
        /// Names of load files.
        var loadFiles: [String]
        var applications: [Application]
        var keys: Keys?
        var csp: Bool?
        var genericOptions: [String: Bool]?
        var parameters: [String: String]?
        var contextSpecificAttributes: [String: String]?
        /// Cannot be undone.
        var published: Bool?
    }

    struct Service: Codable, Sendable, Equatable {
        /// DeviceAppIDs.
        var apps: [String]?
        /// Name of an SposConfig.
        var spos: String?
        var parameters: [String: String]?
        var flavors: [String: Flavor]
        /// Tag → Flavor → SecureComponentProfiles, by name or ID.
        var versions: [String: [String: [String]]]
    }

    var loadFiles: [String: Upload]?
    var scripts: [String: Upload]?
    var certificates: [String: Upload]?
    var sposConfigs: [String: SposConfig]?
    var applicationConfigs: [String: Config]?
    var services: [String: Service]?

    static func read(_ path: String) throws(ToolFailure) -> ServiceFile {
        let file: ServiceFile
        do throws(ConfigurationError) {
            file = try StrictYAML.decode(ServiceFile.self, fromFile: path)
        } catch {
            throw ToolFailure("\(path): \(error)")
        }
        do throws(ToolFailure) {
            try ServiceFileNames.requireDistinct(file)
        } catch {
            throw ToolFailure("\(path): \(error)")
        }
        return file
    }
}

extension ServiceFile {
    /// As it is written by `export`.
    var yaml: YAML {
        var members: [(String, YAML)] = []
        func add<Value>(_ name: String, _ map: [String: Value]?, _ form: (Value) -> YAML) {
            if let map, !map.isEmpty { members.append((name, .map(map.sorted { $0.key < $1.key }.map { ($0.key, form($0.value)) }))) }
        }
        add("loadFiles", loadFiles) { ["file": .text($0.file)] }
        add("scripts", scripts) { ["file": .text($0.file)] }
        add("certificates", certificates) { ["file": .text($0.file)] }
        add("sposConfigs", sposConfigs) { ["url": .text($0.url), "certificate": .text($0.certificate)] }
        add("applicationConfigs", applicationConfigs) { config in
            YAML.members([
                ("instanceAid", .text(config.instanceAid)), ("description", config.description.map(YAML.text)),
                ("install", config.install.map { .members([("parameter", $0.parameter.map(YAML.text)), ("privileges", $0.privileges.map(YAML.texts))]) }),
                ("activation", config.activation.map { .members([("selectable", $0.selectable.map(YAML.flag)), ("apdu", $0.apdu.map(YAML.flag)), ("nfc", $0.nfc.map(YAML.flag))]) }),
                ("personalization", config.personalization.map {
                    .members([("script", $0.script.map(YAML.text)), ("certificate", $0.certificate.map(YAML.text)), ("attestationToken", $0.attestationToken.map(YAML.flag)),
                              ("diversificationData", $0.diversificationData.map(YAML.flag))])
                }),
            ])
        }
        add("services", services) { service in
            YAML.members([
                ("apps", service.apps.map(YAML.texts)), ("spos", service.spos.map(YAML.text)), ("parameters", service.parameters.map(YAML.texts)),
                ("flavors", .map(service.flavors.sorted { $0.key < $1.key }.map { ($0.key, Self.yaml(of: $0.value)) })),
                ("versions", .map(service.versions.sorted { $0.key < $1.key }.map { tag, flavors in
                    (tag, .map(flavors.sorted { $0.key < $1.key }.map { ($0.key, .texts($0.value)) }))
                })),
            ])
        }
        return .map(members)
    }

    private static func yaml(of flavor: Flavor) -> YAML {
        YAML.members([
            ("description", flavor.description.map(YAML.text)), ("loadFiles", .texts(flavor.loadFiles)),
            ("applications", .list(flavor.applications.map { application in
                .members([("loadFile", .text(application.loadFile)), ("module", .text(application.module)), ("config", .text(application.config)), ("priority", application.priority.map(YAML.number))])
            })),
            ("keys", flavor.keys.map { .members([("mode", .number($0.mode)), ("index", $0.index.map(YAML.text))]) }), ("csp", flavor.csp.map(YAML.flag)),
            ("genericOptions", flavor.genericOptions.map { .map($0.sorted { $0.key < $1.key }.map { ($0.key, .flag($0.value)) }) }),
            ("parameters", flavor.parameters.map(YAML.texts)), ("contextSpecificAttributes", flavor.contextSpecificAttributes.map(YAML.texts)),
            ("published", flavor.published.map(YAML.flag)),
        ])
    }
}

extension YAML {
    /// Those that are there, in order.
    static func members(_ members: [(String, YAML?)]) -> YAML { .map(members.compactMap { name, value in value.map { (name, $0) } }) }

    static func texts(_ map: [String: String]) -> YAML { .map(map.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) }) }
}
