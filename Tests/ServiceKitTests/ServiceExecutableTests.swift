import ArgumentParser
import Foundation
import ServiceKit
import Testing

@Suite struct ServiceExecutableTests {
    typealias Command = ServiceExecutable<EchoService>

    @Test func flagsAreStrict() {
        #expect(throws: (any Error).self) { try Command.parse([]) }
        #expect(throws: (any Error).self) { try Command.parse(["--config", "a.yaml", "--log-level", "loud"]) }
        #expect(throws: (any Error).self) { try Command.parse(["--config", "a.yaml", "--verbose"]) }
        #expect(throws: Never.self) { try Command.parse(["--config", "a.yaml", "--check-config", "--testbed", "--ready-file", "r.json", "--log-level", "debug"]) }
        #expect(Command.configuration.commandName == "echo" && Command.configuration.version == ServiceVersion.text)
    }

    @Test func aBadConfigurationHasItsExitCode() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("config.yaml", "logging: {}")
        for arguments in [["--config", file, "--check-config"], ["--config", directory.path + "/none.yaml"]] {
            let command = try Command.parse(arguments)
            let code = await #expect(throws: ExitCode.self) { try await command.run() }
            #expect(code?.rawValue == 78)
        }
    }
}
