import Foundation
import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

/// Any JSON in reference data.
struct AnyJSON: Decodable {
    let value: JSONValue

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            value = .null
        } else if let items = try? container.decode([AnyJSON].self) {
            value = .array(items.map(\.value))
        } else if let members = try? container.decode([String: AnyJSON].self) {
            value = .object(members.mapValues(\.value))
        } else {
            value = try container.decode(JSONScalar.self).value
        }
    }
}

struct JSONScalar: Decodable {
    let value: JSONValue

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let flag = try? container.decode(Bool.self) {
            value = .boolean(flag)
        } else if let number = try? container.decode(Int.self) {
            value = .integer(number)
        } else if let text = try? container.decode(String.self) {
            value = .string(text)
        } else {
            value = .null
        }
    }
}

@Suite struct EntityRulesTests {
    struct Attribute: Decodable {
        let entity: String
        let jsonType: String
        let yaml: [String: JSONScalar]
        let yamlItems: [String: JSONScalar]?
        let attribute: String
        let mandatory: String
        let editable: String
        let hasDefault: Bool
        let `default`: AnyJSON?
    }

    static let attributes: [Attribute] = {
        struct File: Decodable { let attributes: [Attribute] }
        guard let data = ReferenceData.file("entities.json"), let file = try? JSONDecoder().decode(File.self, from: data) else { return [] }
        return file.attributes
    }()

    @Test(.enabled(if: ReferenceData.isPresent), arguments: EntityRules.all.map(\.name)) func tablesAreThoseOfTheTR(_ entity: String) throws {
        let rules = try #require(EntityRules.all.first { $0.name == entity })
        let listed = Self.attributes.filter { $0.entity == entity }
        #expect(listed.map(\.attribute) == rules.attributes.map(\.name))
        for attribute in listed {
            let rule = try #require(rules.attribute(attribute.attribute))
            #expect(rule.presence.rawValue == attribute.mandatory, "\(entity).\(attribute.attribute)")
            #expect(rule.editable.rawValue == attribute.editable, "\(entity).\(attribute.attribute)")
            if attribute.hasDefault, let expected = attribute.default?.value { #expect(rule.defaultValue == expected, "\(entity).\(attribute.attribute)") }
        }
    }

    @Test(.enabled(if: ReferenceData.isPresent)) func everyAttributeOfTheTRHasItsRule() {
        #expect(EntityRules.all.count == 19)
        #expect(EntityRules.all.map(\.attributes.count).reduce(0, +) == 92 && Self.attributes.count == 92)
        #expect(Set(EntityRules.all.map(\.name)) == Set(Self.attributes.map(\.entity)))
    }

    /// A body with all that a client must send.
    static func minimal(_ entity: String) -> [String: JSONValue] {
        switch entity {
        case "Service": ["name": .string("n")]
        case "Version": ["tag": .string("1.0.0"), "allowedDeployments": .object([:])]
        case "ApplicationConfig": ["instanceAid": .string("F054534D5301")]
        case "ApplicationInstantiationConfig": ["executableModuleId": .string("m"), "applicationConfigId": .string("a")]
        case "SposConfig": ["url": .string("https://sp.example/spos"), "certificateId": .string("c")]
        default: [:]
        }
    }

    private func category(_ work: () throws -> JSONValue) -> Int {
        do {
            _ = try work()
            return 0
        } catch {
            return (error as? GeneralError)?.errorCategory ?? -1
        }
    }

    @Test(arguments: EntityRules.bodies.map(\.name)) func eachAttributeAnswersWithItsCategory(_ entity: String) throws {
        let rules = try #require(EntityRules.all.first { $0.name == entity })
        let checker = RuleChecker(rules: rules)
        let minimal = Self.minimal(entity)
        let stored = try checker.create(.object(minimal), assigned: Dictionary(uniqueKeysWithValues: rules.attributes.filter(\.isAssigned).map { ($0.name, JSONValue.string("assigned")) }))
        #expect(category { try checker.modify(.object(minimal), stored: stored) } == 0)
        #expect(category { try checker.create(.object(minimal.merging(["surplus": .null]) { $1 }), assigned: [:]) } == 1007)
        for rule in rules.attributes {
            func with(_ value: JSONValue?) -> JSONValue {
                var body = minimal
                body[rule.name] = value
                return .object(body)
            }
            let wrong = JSONValue.number(1.5)
            if rule.isAssigned {
                #expect(category { try checker.create(with(.string("x")), assigned: [:]) } == 1003, "\(rule.name)")
                #expect(category { try checker.create(with(.string("")), assigned: [:]) } == 0, "\(rule.name)")
                #expect(category { try checker.modify(with(.string("other")), stored: stored) } == 1005, "\(rule.name)")
                #expect(category { try checker.modify(with(.string("assigned")), stored: stored) } == 0 || rule.name == "published" || rule.name == "sdAid", "\(rule.name)")
                #expect(category { try checker.modify(with(.null), stored: stored) } == 0, "\(rule.name)")
                continue
            }
            if rule.presence == .mandatory {
                for value in [nil, JSONValue.null, .string("")] {
                    #expect(category { try checker.create(with(value), assigned: [:]) } == 1004, "\(rule.name)")
                    #expect(category { try checker.modify(with(value), stored: stored) } == 1006, "\(rule.name)")
                }
                #expect(category { try checker.create(with(wrong), assigned: [:]) } == 1008, "\(rule.name)")
            } else {
                for value in [nil, JSONValue.null] { #expect(category { try checker.create(with(value), assigned: [:]) } == 0, "\(rule.name)") }
                #expect(category { try checker.create(with(wrong), assigned: [:]) } == 1008, "\(rule.name)")
                let made = try checker.create(with(nil), assigned: [:])
                #expect(made.object?[rule.name] == rule.defaultValue, "\(rule.name)")
            }
        }
    }

    @Test func precedenceIsUnknownAssignedMissingFormat() {
        let checker = RuleChecker(rules: .flavor)
        func create(_ json: String) -> Int { category { try checker.create(try JSONValue(parsing: Array(json.utf8)), assigned: [:]) } }
        #expect(create(#"{"surplus": 1, "id": "x", "applicationInstantiationConfigs": [{}], "name": 1}"#) == 1007)
        #expect(create(#"{"id": "x", "applicationInstantiationConfigs": [{}], "name": 1}"#) == 1003)
        #expect(create(#"{"applicationInstantiationConfigs": [{}], "name": 1}"#) == 1004)
        #expect(create(#"{"applicationInstantiationConfigs": [{"executableModuleId": "m", "applicationConfigId": "a"}], "name": 1}"#) == 1008)
        #expect(create(#"{"featureConfig": {"surplus": true}}"#) == 1007)
        #expect(create(#"{"featureConfig": {"keyProvisioningMode": 4}}"#) == 1008)
        #expect(create(#"{"featureConfig": "x"}"#) == 1008)
        #expect(create(#"{"published": false}"#) == 0)
        #expect(create(#"{"published": true}"#) == 1003)
        #expect(create("[]") == 1002)
    }

    @Test func pathsNameTheNestedAttribute() {
        do {
            _ = try RuleChecker(rules: .flavor).create(.object(["applicationInstantiationConfigs": .array([.object(["executableModuleId": .string("m"), "applicationConfigId": .string("a"), "priority": .integer(256)])])]), assigned: [:])
            Issue.record("priority 256 is out of range")
        } catch {
            #expect(error.errorMessage.contains("applicationInstantiationConfigs[0].priority"))
        }
    }

    @Test func modifyKeepsWhatIsOmittedAndClearsWhatIsEmpty() throws {
        let checker = RuleChecker(rules: .flavor)
        let stored = try checker.create(try JSONValue(parsing: Array(#"""
            {"name": "n", "description": "d", "spParameters": {"a": "1"}, "featureConfig": {"keyProvisioningMode": 1, "keyIndex": "k", "genericOptions": {"x": true}}}
            """#.utf8)), assigned: ["published": .boolean(false)])
        let kept = try checker.modify(.object([:]), stored: stored)
        #expect(kept == stored)
        let changed = try checker.modify(try JSONValue(parsing: Array(#"{"name": "", "description": null, "spParameters": {"b": "2"}, "featureConfig": {"genericOptions": {}}}"#.utf8)), stored: stored)
        #expect(changed.object?["name"] == .string(""))
        #expect(changed.object?["description"] == .string(""))
        #expect(changed.object?["spParameters"] == .object(["b": .string("2")]))
        let feature = changed.object?["featureConfig"]?.object
        #expect(feature?["keyProvisioningMode"] == .integer(1))
        #expect(feature?["genericOptions"] == .object([:]))
    }

    @Test func formats() {
        func ok(_ format: AttributeFormat, _ value: JSONValue) -> Bool { (try? format.check(value, at: "x")) != nil }
        for tag in ["1.0.0", "999.999.999", "0.00.1"] { #expect(ok(.versionTag, .string(tag))) }
        for tag in ["12345", "1a0b0", "1.0", "1.0.0.0", "1000.0.0", "1..0", " 1.0.0"] { #expect(!ok(.versionTag, .string(tag))) }
        #expect(ok(.aid, .string("f054534d53")) && ok(.aid, .string(String(repeating: "A0", count: 16))))
        #expect(!ok(.aid, .string("f054534d")) && !ok(.aid, .string(String(repeating: "A0", count: 17))) && !ok(.aid, .string("f054534d5")))
        #expect(ok(.tlv(255), .string("0f 09 e6 ea e9 06 8d 89 19 a4 8a")) && !ok(.tlv(255), .string("0f09e6")) && !ok(.tlv(255), .string("zz")))
        #expect(ok(.hash(64), .string(String(repeating: "0a", count: 32))) && !ok(.hash(64), .string("0a0")) && !ok(.hash(64), .string(String(repeating: "0a", count: 33))))
        #expect(ok(.uri(500), .string("https://sp.example/spos")) && !ok(.uri(500), .string("/relative")) && !ok(.uri(500), .string("https://a b/")))
        #expect(!ok(.text(3), .string(String(repeating: "\u{1F3FB}", count: 4))) && ok(.text(3), .string("äöü")))
        #expect(!ok(.text(3), .string("abcd")) && ok(.list(.text(3)), .array([.string("abc")])) && !ok(.list(.text(3)), .array([.null])))
    }
}
