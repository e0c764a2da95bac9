import ArgumentParser
import Testing
@testable import tsms
import TrustedServiceModel

@Suite struct HandsetVerbTests {
    private static let target = ["handset", "--dir", "d"]

    @Test(arguments: [
        ["suspend", "i"], ["resume", "i", "--json"], ["check-deployment", "s", "1.x.x"], ["check-update", "i", "x.x.x", "--json"],
        ["update", "i", "1.1.0"], ["update", "i", "1.1.0", "--commands", "install,activate", "--suspend", "--finalize"], ["deploy", "i", "--commands", "", "--finalize"],
    ])
    func verbs(_ arguments: [String]) throws { _ = try TSMS.parseAsRoot(Self.target + arguments) }

    @Test(arguments: [
        ["suspend"], ["resume"], ["suspend", "i", "extra"], ["check-deployment", "s"], ["check-update", "i"], ["update", "i"], ["update", "i", "1.1.0", "--commands", "instal"], ["deploy", "i", "--commands", "a"],
    ])
    func wrongUsage(_ arguments: [String]) {
        #expect(throws: (any Error).self) { _ = try TSMS.parseAsRoot(Self.target + arguments) }
    }

    @Test("service commands in the order given, suspension in Activate alone")
    func serviceCommands() throws {
        let options = try ServiceCommandOptions.parse(["--commands", "install, activate,personalize", "--suspend"])
        #expect(try options.serviceCommands() == [.install(installationData: [:]), .activate(suspensionControl: true), .personalize(personalizationData: [:])])
        #expect(try ServiceCommandOptions.parse(["--commands", ""]).serviceCommands().isEmpty)
        #expect(try ServiceCommandOptions.parse([]).serviceCommands().map(\.kind) == [.install, .personalize, .activate])
    }
}
