import Foundation
import Identity
import ServiceKit
import TestMaterial
import Testing
import TrustedServiceModel
@testable import tsms

@Suite struct ServiceFileTests {
    private static let text = """
        loadFiles:
          ticket: {file: ticket.cap}
        scripts:
          pers: {file: a.pers}
        certificates:
          spos: {file: ca.pem}
        sposConfigs:
          backend: {url: "https://sp.example/spos", certificate: spos}
        applicationConfigs:
          ticket:
            instanceAid: F054534D5301010101
            install: {parameter: "0F 02 01 02", privileges: [GlobalService]}
            activation: {apdu: true}
            personalization: {script: pers, attestationToken: true}
        services:
          My service:
            apps: [AABB]
            spos: backend
            parameters: {a: b}
            flavors:
              plain:
                loadFiles: [ticket]
                applications: [{loadFile: ticket, module: F054534D53010101, config: ticket, priority: 7}]
                keys: {mode: 1, index: k1}
                published: true
            versions:
              1.0.0: {plain: [eSE]}
        """

    @Test func filesReadBackAsTheyAreWritten() throws {
        let file = try StrictYAML.decode(ServiceFile.self, from: Self.text)
        #expect(file.services?["My service"]?.versions == ["1.0.0": ["plain": ["eSE"]]])
        #expect(file.services?["My service"]?.flavors["plain"]?.applications.first?.priority == 7)
        #expect(try StrictYAML.decode(ServiceFile.self, from: file.yaml.document) == file)
        // Names that YAML would read otherwise.
        var odd = ServiceFile()
        odd.loadFiles = ["a: b": .init(file: "x"), "# c": .init(file: "y"), "1.0": .init(file: "z"), "\"q\"": .init(file: "w"), "{f}": .init(file: "v")]
        #expect(try StrictYAML.decode(ServiceFile.self, from: odd.yaml.document) == odd)
    }

    @Test(arguments: ["surplus: 1", "services: {s: {flavors: {}}}", "applicationConfigs: {a: {}}", "loadFiles: {a: {file: x, other: y}}", "loadFiles: [a]"])
    func otherFilesAreRefused(_ text: String) {
        #expect(throws: ConfigurationError.self) { try StrictYAML.decode(ServiceFile.self, from: text) }
    }

    @Test func exportsOverwriteAndHideNothing() throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("tsms-export-\(UUID().uuidString)").path
        try TestbedLayout.make(root)
        defer { try? FileManager.default.removeItem(atPath: root) }
        let path = root + "/all.yaml"
        #expect(try ServiceExport.targets([(.loadFile, "a.cap"), (.script, "b.pers")], beside: path) == [root + "/a.cap", root + "/b.pers"])
        try Data().write(to: URL(fileURLWithPath: root + "/there.pem"))
        for uploads in [[(UploadKind.certificate, "there.pem")], [(.loadFile, "x"), (.script, "x")], [(.script, "all.yaml")], [(.script, ".profile")], [(.script, "../x")], [(.script, "a\\b")], [(.script, "")]] {
            #expect(throws: ToolFailure.self) { try ServiceExport.targets(uploads.map { (kind: $0.0, name: $0.1) }, beside: path) }
        }
        #expect(throws: ToolFailure.self) { try ServiceExport.targets([], beside: root + "/there.pem") }
    }

    /// What only the system can decide: a file that appears between the look and the writing is not overwritten.
    @Test func aFileThatAppearsMeanwhileStays() throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("tsms-export-\(UUID().uuidString)").path
        try TestbedLayout.make(root)
        defer { try? FileManager.default.removeItem(atPath: root) }
        let target = try #require(try ServiceExport.targets([(.loadFile, "a.cap")], beside: root + "/all.yaml").first)
        try Data("theirs".utf8).write(to: URL(fileURLWithPath: target))
        #expect(throws: IdentityError.self) { try AtomicFile.create(Array("ours".utf8), at: target, mode: AtomicFile.publicMode) }
        #expect(FileManager.default.contents(atPath: target) == Data("theirs".utf8))
        // A link that leads nowhere is a name as well.
        try FileManager.default.createSymbolicLink(atPath: root + "/link", withDestinationPath: root + "/elsewhere")
        #expect(throws: IdentityError.self) { try AtomicFile.create(Array("ours".utf8), at: root + "/link", mode: AtomicFile.publicMode) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: root).sorted() == ["a.cap", "link"])
        try AtomicFile.create(Array("ours".utf8), at: root + "/b", mode: AtomicFile.secretMode)
        #expect(FileManager.default.contents(atPath: root + "/b") == Data("ours".utf8))
        #expect((try FileManager.default.attributesOfItem(atPath: root + "/b")[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    }

    @Test(arguments: [
        ("loadFiles:\n  a: {file: one/x.cap}\n  b:\n    file: two/x.cap\n", "line 4: the load file 'b' has the file name x.cap, as has 'a' in line 2"),
        ("scripts: {z: {file: x}, a: {file: ./x}}", "line 1: the script 'z' has the file name x, as has 'a' in line 1"),
        ("certificates:\n  a: {file: c}\n\n  c: {file: other}\n  b: {file: /tmp/c}\n", "line 5: the certificate 'b' has the file name c, as has 'a' in line 2"),
        ("certificates: {c: {file: c}}\nsposConfigs:\n  a: {url: \"https://x/\", certificate: c}\n  b: {certificate: c, url: \"https://x/\"}\n", "line 4: the SposConfig 'b' has the URL https://x/, as has 'a' in line 3"),
    ]) func twoOfOneNameAreRefused(_ text: String, _ words: String) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("tsms-names-\(UUID().uuidString).yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let failure = #expect(throws: ToolFailure.self) { try ServiceFile.read(path) }
        #expect(failure?.description.hasPrefix("\(path): \(words);") == true, "\(failure?.description ?? "")")
    }

    @Test func oneNameForTwoKindsIsNoMatter() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("tsms-names-\(UUID().uuidString).yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("loadFiles: {a: {file: x}, b: {file: y}}\nscripts: {a: {file: x}}\n".utf8).write(to: URL(fileURLWithPath: path))
        #expect(try ServiceFile.read(path).loadFiles?["b"] == .init(file: "y"))
    }

    /// A plan goes by what will be in the load file: modules that stay keep their IDs, new ones have stand-ins, those that go are gone.
    @Test func modulesArePlannedFromTheNewContent() throws {
        let content = SampleCAP(.init([0xF0, 1, 2, 3, 4, 5]), applets: [[0xF0, 1, 2, 3, 4, 5, 1], [0xF0, 1, 2, 3, 4, 5, 2]]).archive()
        let existing = [ExecutableModule(id: "stays", elfId: "e", aid: "F0010203040502"), ExecutableModule(id: "goes", elfId: "e", aid: "f0010203040503")]
        let planned = try PlannedModules.of(content, path: "x.cap", loadFile: "e", existing: existing)
        #expect(planned.map(\.id).sorted() == ["new module f0010203040501", "stays"] && planned.allSatisfy { $0.elfId == "e" })
        #expect(throws: ToolFailure.self) { try PlannedModules.of([1, 2, 3], path: "x.cap", loadFile: "e", existing: []) }
    }

    @Test func wantedAndExistingAreComparedInOneForm() throws {
        let file = try StrictYAML.decode(ServiceFile.self, from: Self.text)
        let config = try #require(file.applicationConfigs?["ticket"])
        let wanted = ApplicationConfigBody(name: "ticket", config, script: "s", certificate: "")
        #expect(wanted.instanceAid == "f054534d5301010101" && wanted.installConfig.applicationSpecificInstallParameter == "0f020102")
        #expect(wanted.activationConfig.makeSelectable && wanted.activationConfig.accessibleViaApdu && !wanted.activationConfig.accessibleViaNfc)
        let existing = ApplicationConfigBody(.init(id: "i", spId: "o", instanceAid: "F054534D5301010101", name: "ticket", installConfig: .init(applicationSpecificInstallParameter: "0F020102", privileges: ["GlobalService"]),
                                                   activationConfig: .init(accessibleViaApdu: true), personalizationConfig: .init(personalizationScriptId: "s", provideAttestationToken: true)))
        #expect(wanted == existing)
        #expect(ApplicationConfigBody(name: "ticket", config, script: "other", certificate: "") != existing)
    }

    @Test func bodiesFromTheCommandLine() throws {
        func body(_ members: String...) throws -> [String: Any] {
            let parsed = members.compactMap(BodyMember.init(argument:))
            return try #require(try JSONSerialization.jsonObject(with: Data(try OperatorBody.bytes(parsed))) as? [String: Any])
        }
        let made = try body("name=SP 3", "aidPrefixes=[A000000999, A00000099A]", "modes=[1]", "flag=true", "profile.name=eSE", "profile.scType=1", "kcv=\"123456\"")
        #expect(made["name"] as? String == "SP 3" && made["aidPrefixes"] as? [String] == ["A000000999", "A00000099A"] && made["modes"] as? [Int] == [1] && made["flag"] as? Bool == true)
        #expect(made["kcv"] as? String == "123456" && (made["profile"] as? [String: Any])?["scType"] as? Int == 1)
        #expect(BodyMember(argument: "no equals sign") == nil && BodyMember(argument: "=x") == nil)
        #expect(throws: ToolFailure.self) { try body("a=1", "a=2") }
        #expect(throws: ToolFailure.self) { try body("a=1", "a.b=2") }
        #expect(throws: ToolFailure.self) { try body("a=@/nowhere/at/all") }
    }

    @Test func pathsOfKinds() throws {
        #expect(try OperatorKind.tokens.path(of: "a/b", "t") == "/service-providers/a%2Fb/tokens/t")
        #expect(try OperatorKind.removal.path(of: "p") == "/secure-component-profiles/p/removal")
        #expect(try OperatorKind.lockouts.path(of: nil, "address/2001:db8::1") == "/lockouts/address/2001%3Adb8%3A%3A1")
        #expect(throws: ToolFailure.self) { try OperatorKind.tokens.path(of: nil) }
        #expect(try EntityKind.versions.path(service: "s") == "/services/s/versions")
        #expect(throws: ToolFailure.self) { try EntityKind.flavors.path(service: nil) }
    }
}
