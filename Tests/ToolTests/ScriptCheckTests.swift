import ArgumentParser
import Personalization
import TestMaterial
import Testing
@testable import tsms
import TrustedServiceModel

@Suite("PersonalizationScripts and their values at the command line")
struct ScriptCheckTests {
    @Test("the testbed's own script is one")
    func sample() throws {
        let text = try String(contentsOfFile: ReferenceData.packageRoot.appendingPathComponent("deploy/testbed/personalisation/ticket.pers").path, encoding: .utf8)
        let program = try PersonalizationProgram(parsing: text)
        #expect(program.commands.map(\.label) == ["holder", "key", "registry"] && program.declarations.count == 4)
        // The one in the document is the same.
        let document = try String(contentsOfFile: ReferenceData.packageRoot.appendingPathComponent("docs/personalization-script.md").path, encoding: .utf8)
        let shown = try #require(document.split(separator: "```").first { $0.contains("declare personalizationData") })
        #expect(try PersonalizationProgram(parsing: String(shown)).explanation.map { $0.replacing(/\(line \d+\)/, with: "") } == program.explanation.map { $0.replacing(/\(line \d+\)/, with: "") })
    }

    @Test func valuesForCommands() throws {
        let options = try ServiceCommandOptions.parse(["--installation-data", "rides=000a", "--personalization-data", "holder=a=b", "--personalization-data", "empty="])
        #expect(try options.serviceCommands() == [.install(installationData: ["rides": "000a"]), .personalize(personalizationData: ["holder": "a=b", "empty": ""]), .activate(suspensionControl: false)])
        for wrong in [["--installation-data", "rides"], ["--installation-data", "=1"], ["--personalization-data", "a=1", "--personalization-data", "a=2"], ["--personalization-data", "a=@/does/not/exist"]] {
            #expect(throws: (any Error).self) { _ = try ServiceCommandOptions.parse(wrong) }
        }
    }

    @Test func verbs() throws {
        _ = try TSMS.parseAsRoot(["provider", "check-script", "file"])
        _ = try TSMS.parseAsRoot(["handset", "--dir", "d", "transmit", "F054534D5301010101", "--interactive"])
        #expect(throws: (any Error).self) { _ = try TSMS.parseAsRoot(["provider", "check-script"]) }
    }
}
