import Foundation
import HTTPTypes
import Synchronization
import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

/// Every attribute of every JSON body × what can be wrong with it, on creation and on change: what is expected follows from the rows
/// of the TR's tables (entities.json) and their types, not from the product's own tables.
@Suite struct BadInputTests {
    enum Fault: String, CaseIterable { case omitted, null, empty, wrongType, wrongFormat, changed, unknownSibling }

    /// 200 or the category of the refusal.
    typealias Expected = Int

    /// One row of the TR, and how its format can be violated.
    struct Subject {
        let row: EntityRulesTests.Attribute

        var isAssigned: Bool { row.mandatory == "A" && row.attribute != "priority" }
        var isMap: Bool { row.jsonType.hasPrefix("Map") }
        var isList: Bool { row.jsonType.hasSuffix("[]") && !isMap }
        var isScalarText: Bool { row.jsonType == "string" }
        private func limit(_ name: String) -> JSONValue? { row.yaml[name]?.value }

        var empty: JSONValue { isMap || isNested ? .object([:]) : isList ? .array([]) : .string("") }
        var isNested: Bool { ["FeatureConfig", "InstallConfig", "ActivationConfig", "PersonalizationConfig"].contains(row.jsonType) }
        var isReference: Bool { isScalarText && row.attribute.hasSuffix("Id") && limit("format") == .string("uuid") }

        /// The right JSON type with a content that the format forbids.
        var wrongFormat: JSONValue? {
            if isMap { return .object(["key": .integer(7)]) }
            if isList { return .array([.integer(7)]) }
            if isNested { return .string("text") }
            switch row.jsonType {
            case "boolean": return .string("true")
            case "int": return .integer(1000)
            default: break
            }
            if isReference { return .string("no-such-id") }
            switch limit("format") {
            case .string("version"): return .string("12345")
            case .string("aid"): return .string("F0545")
            case .string("tlv"): return .string("0F09E6")
            case .string("uri"): return .string("/relative")
            default: break
            }
            if case .integer(let most) = limit("maxLength") { return .string(String(repeating: "x", count: most + 1)) }
            return nil
        }

        /// A permitted value that differs from what `stored` holds.
        func other(_ ids: [String: String]) -> JSONValue? {
            if isAssigned { return row.jsonType == "boolean" ? .boolean(true) : .string("f054534d53ff") }
            if isNested { return nil }
            if isMap { return row.attribute == "allowedDeployments" ? .object([:]) : row.jsonType.contains("boolean") ? .object(["x": .boolean(true)]) : .object(["x": .string("y")]) }
            switch row.attribute {
            case "accessAuthorizedDeviceApps": return .array([.string(String(repeating: "0a", count: 20))])
            case "executableLoadFileIds": return .array([.string(ids["elfId"] ?? "")])
            case "applicationInstantiationConfigs": return .array([])
            case "privileges": return .array([.string("GlobalService")])
            case "applicationSpecificInstallParameter": return .string("0F020102")
            case "tag": return .string("9.9.9")
            case "instanceAid": return .string("F054534D5301020304")
            case "url": return .string("https://other.example/spos")
            case "makeSelectable": return .boolean(false)
            case "keyProvisioningMode": return .integer(1)
            case "priority": return .integer(7)
            default: break
            }
            if isReference { return ids[row.attribute].map(JSONValue.string) }
            return row.jsonType == "boolean" ? .boolean(true) : .string("other")
        }

        func expected(_ fault: Fault, creating: Bool) -> Expected {
            let isMandatory = row.mandatory == "M"
            // M forbids an empty map, but unlinking every Flavor leaves one.
            let mayBeEmpty = row.attribute == "allowedDeployments"
            let isText = isScalarText || isMap || isList || isNested
            switch fault {
            case .unknownSibling: return 1007
            case .omitted, .null: return isMandatory ? (creating ? 1004 : 1006) : 200
            case .empty:
                if isMandatory { return mayBeEmpty ? 200 : creating ? 1004 : 1006 }
                return isAssigned || isText ? 200 : 1008
            case .wrongType, .wrongFormat:
                if isAssigned { return creating ? 1003 : 1005 }
                if row.editable == "No", !creating { return 1005 }
                return isReference && fault == .wrongFormat ? 1009 : 1008
            case .changed:
                if isAssigned || row.editable == "No" { return 1005 }
                // Conditions that the change alone does not meet: mode without index, index without mode, data without token.
                return ["keyProvisioningMode", "keyIndex", "includeSecurityDomainDiversificationData"].contains(row.attribute) ? 1008 : 200
            }
        }
    }

    /// Where an entity's attributes are sent: its collection, and how the object under test is put into a body.
    struct Site {
        let entity: String
        let collection: String
        /// A body that is accepted, with an object for the attributes in it.
        let body: @Sendable (_ object: [String: JSONValue], _ number: Int) -> JSONValue
        /// What must be in the object.
        let minimal: [String: JSONValue]
        /// Before the attribute's name in messages.
        let path: String

        init(_ entity: String, _ collection: String, minimal: [String: JSONValue] = [:], path: String = "", body: @escaping @Sendable ([String: JSONValue], Int) -> JSONValue = { object, _ in .object(object) }) {
            self.entity = entity
            self.collection = collection
            self.minimal = minimal
            self.path = path
            self.body = body
        }
    }

    private func text(_ value: JSONValue) throws -> String { String(decoding: try JSONEncoder().encode(value), as: UTF8.self) }

    private func sites(_ demo: DemoCatalogue, certificate: String) -> [Site] {
        let service = "/services/\(demo.service.id)"
        let aid = JSONValue.string("F054534D5301010109")
        return [
            Site("Service", "/services", minimal: ["name": .string("n")]),
            Site("Version", service + "/versions", minimal: ["allowedDeployments": .object([:]), "tag": .string("")]),
            Site("Flavor", service + "/flavors"),
            Site("FeatureConfig", service + "/flavors", path: "featureConfig.") { object, _ in .object(["featureConfig": .object(object)]) },
            Site("ApplicationInstantiationConfig", service + "/flavors", minimal: ["executableModuleId": .string(demo.module.id), "applicationConfigId": .string(demo.config.id)],
                 path: "applicationInstantiationConfigs[0].") { object, _ in
                .object(["applicationInstantiationConfigs": .array([.object(object)]), "featureConfig": .object(["keyProvisioningMode": .integer(1), "keyIndex": .string("k")])])
            },
            Site("ApplicationConfig", "/application-configs", minimal: ["instanceAid": aid]),
            Site("InstallConfig", "/application-configs", path: "installConfig.") { object, _ in .object(["instanceAid": aid, "installConfig": .object(object)]) },
            Site("ActivationConfig", "/application-configs", path: "activationConfig.") { object, _ in .object(["instanceAid": aid, "activationConfig": .object(object)]) },
            Site("PersonalizationConfig", "/application-configs", path: "personalizationConfig.") { object, _ in
                .object(["instanceAid": aid, "personalizationConfig": .object(object)])
            },
            Site("SposConfig", "/spos-configs", minimal: ["url": .string("https://sp.example/spos"), "certificateId": .string(certificate)]),
        ]
    }

    @Test(.enabled(if: ReferenceData.isPresent)) func everyAttributeWithEveryFault() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        let certificate: Certificate = try await plane.upload(.post, "/certificates", [.file("certFile", Array(try Plane.authority().certificatePEM.utf8))]).decode()
        let script: PersonalizationScript = try await plane.upload(.post, "/personalization-scripts", [.file("scriptFile", [0x23])]).decode()
        let spos: SposConfig = try await plane.call(.post, "/spos-configs", json: #"{"url": "https://sp.example/spos", "certificateId": "\#(certificate.id)"}"#).decode()
        let secondCertificate: Certificate = try await plane.upload(.post, "/certificates", [.file("certFile", Array(try Plane.authority().certificatePEM.utf8))]).decode()
        let secondConfig: ApplicationConfig = try await plane.call(.post, "/application-configs", json: #"{"instanceAid": "F054534D5301010103"}"#).decode()
        let secondElf: CAP = try await plane.upload(.post, "/executable-load-files", [.file("elfFile", try Applets.archive("store-1.0-jc304.cap"))]).decode()
        let secondModule = try #require(try await plane.call(.get, "/executable-load-files/\(secondElf.id)/executable-modules").decode([ExecutableModule].self).first)
        let ids = ["sposConfigId": spos.id, "certificateId": secondCertificate.id, "personalizationScriptId": script.id, "applicationConfigId": secondConfig.id,
                   "executableModuleId": secondModule.id, "elfId": demo.elf.id]
        var (cases, number) = (0, 0)
        for site in sites(demo, certificate: certificate.id) {
            let rows = EntityRulesTests.attributes.filter { $0.entity == site.entity }
            try #require(!rows.isEmpty)
            for subject in rows.map(Subject.init(row:)) {
                for fault in Fault.allCases {
                    for creating in [true, false] where !(creating && fault == .changed) {
                        number += 1
                        var object = site.minimal
                        let tag = "1.\(number / 1000).\(number % 1000)"
                        if site.entity == "Version" { object["tag"] = .string(tag) }
                        var target = site.collection
                        if !creating {
                            let made = try await plane.call(.post, site.collection, json: try text(site.body(object, number)))
                            try #require(made.status == 200, "\(site.entity): \(String(decoding: made.body, as: UTF8.self))")
                            target += "/" + (site.entity == "Version" ? tag : try #require(try made.json.object?["id"]?.string))
                        }
                        let name = subject.row.attribute
                        switch fault {
                        case .omitted: object[name] = nil
                        case .null: object[name] = .null
                        case .empty: object[name] = subject.empty
                        case .wrongType: object[name] = .number(1.5)
                        case .wrongFormat:
                            guard let value = subject.wrongFormat else { continue }
                            object[name] = value
                        case .changed:
                            guard let value = subject.other(ids) else { continue }
                            object[name] = value
                        case .unknownSibling: object[name + "X"] = .integer(1)
                        }
                        let answer = try await plane.call(creating ? .post : .put, target, json: try text(site.body(object, number)))
                        let expected = subject.expected(fault, creating: creating)
                        cases += 1
                        #expect(answer.status == (expected == 200 ? 200 : 400) && (expected == 200 || answer.category == expected),
                                "\(creating ? "POST" : "PUT") \(site.entity).\(name) \(fault): \(expected) expected, \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
                        if [1003, 1004, 1005, 1006, 1007].contains(expected), answer.category == expected {
                            let path = site.path + name + (fault == .unknownSibling ? "X" : "")
                            #expect(try answer.decode(GeneralError.self).errorMessage.contains(path), "\(String(decoding: answer.body, as: UTF8.self)) does not name \(path)")
                        }
                    }
                }
            }
        }
        #expect(cases >= 600, "\(cases) cases")
        print("bad input: \(cases) cases")
    }

    /// The rows with "Conditional": what may be changed until a Flavor is published may not be changed afterwards, all else still may.
    @Test(.enabled(if: ReferenceData.isPresent)) func everyChangeAfterPublication() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        let certificate: Certificate = try await plane.upload(.post, "/certificates", [.file("certFile", Array(try Plane.authority().certificatePEM.utf8))]).decode()
        let script: PersonalizationScript = try await plane.upload(.post, "/personalization-scripts", [.file("scriptFile", [0x23])]).decode()
        let config: ApplicationConfig = try await plane.call(.post, "/application-configs", json: #"{"instanceAid": "F054534D5301010109"}"#).decode()
        let ids = ["certificateId": certificate.id, "personalizationScriptId": script.id, "elfId": "", "executableModuleId": demo.module.id, "applicationConfigId": config.id]
        let flavor: Flavor = try await plane.call(.post, "/services/\(demo.service.id)/flavors", json: """
            {"executableLoadFileIds": ["\(demo.elf.id)"], "applicationInstantiationConfigs": [{"executableModuleId": "\(demo.module.id)", "applicationConfigId": "\(config.id)"}]}
            """).decode()
        #expect(try await plane.call(.post, "/services/\(demo.service.id)/flavors/\(flavor.id)/publish").status == 200)
        let conditional = EntityRulesTests.attributes.filter { $0.editable == "Conditional" || ["certificateId", "name", "description"].contains($0.attribute) }
        var cases = 0
        for site in sites(demo, certificate: certificate.id) where ["Flavor", "ApplicationConfig", "InstallConfig", "ActivationConfig", "PersonalizationConfig"].contains(site.entity) {
            let target = site.collection + "/" + (site.entity == "Flavor" ? flavor.id : config.id)
            for row in conditional where row.entity == site.entity {
                let subject = Subject(row: row)
                guard var value = subject.other(ids) else { continue }
                if row.attribute == "executableLoadFileIds" { value = .array([]) }
                var object = site.minimal
                object[row.attribute] = value
                let answer = try await plane.call(.put, target, json: try text(site.body(object, 0)))
                let expected = row.attribute == "includeSecurityDomainDiversificationData" ? 1008 : row.attribute == "provideAttestationToken" ? 1008 : row.editable == "Conditional" ? 1015 : 200
                cases += 1
                #expect(answer.status == (expected == 200 ? 200 : 400) && (expected == 200 || answer.category == expected),
                        "\(site.entity).\(row.attribute): \(expected) expected, \(String(decoding: answer.body, as: UTF8.self))")
            }
        }
        #expect(cases >= 14, "\(cases) cases")
    }

    /// What is read from an uploaded file cannot be sent beside it: only the file and its name are parts.
    @Test(.enabled(if: ReferenceData.isPresent)) func attributesAreNoPartsOfUploads() async throws {
        let plane = try await Plane()
        for (path, kind, entities) in [("/executable-load-files", UploadKind.loadFile, ["ExecutableLoadFile", "CAP", "TechnicalRequirements", "ExecutableModule"]),
                                       ("/personalization-scripts", .script, ["PersonalizationScript"]), ("/certificates", .certificate, ["Certificate"])] {
            for row in EntityRulesTests.attributes where entities.contains(row.entity) {
                let answer = try await plane.upload(.post, path, [.file(kind.filePart, [0x30]), .text(row.attribute, "x")])
                #expect(answer.status == 400 && answer.category == 1007, "\(row.entity).\(row.attribute)")
                #expect(try answer.decode(GeneralError.self).errorMessage.contains("‘\(row.attribute)’"))
            }
        }
    }
}
