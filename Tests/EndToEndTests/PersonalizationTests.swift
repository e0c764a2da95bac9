import Foundation
import GlobalPlatform
import SecureComponent
import SecureComponentSimulator
import TestMaterial
import Testing
import TrustedServiceModel

extension EndToEnd.Shared {
    @Test("a script of the service provider's is uploaded, filled and run; the values are in no store and no log")
    func personalizationByScript() async throws {
        let testbed = try RunningTestbed.required()
        let service = try await ScriptedService.apply(testbed)
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            let created = await handset.client.createServiceInstance(serviceId: service.id, version: "1.0.0")
            let id = try #require(created.serviceInstance, "\(created.executionMessage)").id
            let values = ["holder": "Rosa Musterfrau-4711", "key": "c3a1907e5b2d48f6a0e4137f9b5c2d81"]
            handset.transport.beforeReport { _ in try search(testbed, values, "while an order is out") }
            let deployed = await handset.client.deployService(
                serviceInstanceId: id, serviceCommands: [.install(installationData: ["rides": "000a"]), .personalize(personalizationData: values), .activate(suspensionControl: false)],
                finalizeDeployment: true, listener: nil)
            #expect(deployed.processInfo.executionStatus == .noError, "\(deployed.processInfo.executionMessage)")
            let results = deployed.serviceCommandResults.compactMap(\.personalizationResults).first ?? []
            #expect(results.map(\.applicationInstanceAid) == [ScriptedService.instance.lowercased()])
            #expect(results.flatMap(\.results).map(\.tag) == ["holder", "key", "registry"] && results.flatMap(\.results).allSatisfy { $0.response.hasSuffix("9000") })
            #expect(!results.flatMap(\.results).contains { $0.command.contains(Hex.encode(Array("Rosa".utf8))) })
            #expect(try await ticketHolder(handset) == "Rosa Musterfrau-4711, U1")
            try search(testbed, values, "after the process")

            let refused = await handset.client.deployService(
                serviceInstanceId: id, serviceCommands: [.personalize(personalizationData: ["pin": "1"])], finalizeDeployment: false, listener: nil)
            #expect(refused.processInfo.executionStatus == .notAllowed || refused.processInfo.executionStatus == .invalidArgument)
            let terminated = await handset.terminate(id)
            #expect(terminated.processInfo.executionStatus == .noError, "\(terminated.processInfo.executionMessage)")
            try search(testbed, values, "after termination")
        }
        try await service.delete(testbed)
    }

    @Test("the service provider personalises its applet by itself, from its master key and the token, over SCP03",
          .enabled(if: ScriptedService.hasPython, "python3 with the package cryptography is not installed, so the sample program cannot be run"))
    func personalizationByTheProvider() async throws {
        let testbed = try RunningTestbed.required()
        let domain = try await ScriptedService.securityDomain(of: try testbed.service(), testbed)
        var id = ""
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            id = try await handset.create(testbed).id
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
        }
        let name = Array("Erika M.".utf8)
        let run = try await ProgramRun.run("/usr/bin/env", [
            "python3", ReferenceData.packageRoot.appendingPathComponent("deploy/testbed/personalisation/personalise.py").path, "--tsms", try Executables.directory() + "/tsms",
            "--dir", testbed.directory, "--security-domain", domain, "--application", "F054534D5301010101", "--data", Hex.encode([0xC0, UInt8(name.count)] + name),
        ])
        #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
        #expect(run.output.contains(#""result": "ok""#))
        let wrong = try await ProgramRun.run("/usr/bin/env", [
            "python3", ReferenceData.packageRoot.appendingPathComponent("deploy/testbed/personalisation/personalise.py").path, "--tsms", try Executables.directory() + "/tsms",
            "--dir", testbed.directory, "--security-domain", domain, "--application", "F054534D5301010101", "--data", "C70100",
        ])
        #expect(wrong.exitCode == 1, "\(wrong.errors)")
        #expect(wrong.output.contains("STORE DATA is answered with 6A80"), "\(wrong.output)")
        try await withHandset(try TestHandset(testbed)) { handset in
            let holder = try await ticketHolder(handset, "F054534D5301010101")
            #expect(holder == "Erika M.")
            // The counter went on without the TSM: its next session finds out and goes on.
            let terminated = await handset.terminate(id)
            #expect(terminated.processInfo.executionStatus == .noError, "\(terminated.processInfo.executionMessage)")
        }
    }

    private func search(_ testbed: RunningTestbed, _ values: [String: String], _ moment: String) throws {
        var needles = values.map { Needle("\($0.key) as text", Array($0.value.utf8)) }
        needles.append(Needle("key", try Hex.decode(values["key"] ?? "")))
        let app = Needle(text: try #require(testbed.file.serviceProviders[0].apps.first).deviceAppId)
        var found: Set<Finding> = []
        let files = try FileTree.search("\(testbed.directory)/sp-tsm", except: [], with: Searcher(needles + [app]), into: &found)
        #expect(files.count { $0.hasSuffix("store.sqlite") } == 3 && files.contains { $0.hasSuffix("service.log") })
        #expect(found.contains { $0.needle == app.name }, "\(moment): the search found not even the app's ID")
        let leaks = found.filter { $0.needle != app.name }
        #expect(leaks.isEmpty, "\(moment): \(leaks.map(\.description).sorted())")
    }

    /// As the app: INS 10 of the ticket applet.
    private func ticketHolder(_ handset: TestHandset, _ instance: String = ScriptedService.instance) async throws -> String {
        let session = try await handset.readers.reader(named: "eSE1").openSession()
        let channel = try await session.openLogicalChannel(try AID(hex: instance))
        let response = try await channel.transmit(CommandAPDU(cla: 0x80, ins: 0x10, p1: 0, p2: 0, expectedLength: 256))
        await session.close()
        return String(decoding: response.data, as: UTF8.self)
    }
}

/// A Service with a script, made by `tsms provider apply`.
struct ScriptedService {
    static let instance = "F054534D5301010166"
    var id: String

    /// Whether the sample program can run here.
    static let hasPython: Bool = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", "import cryptography"]
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    static func apply(_ testbed: RunningTestbed) async throws -> ScriptedService {
        let work = try TemporaryDirectory()
        let sources = ReferenceData.packageRoot.appendingPathComponent("deploy/testbed").path
        let path = work.path + "/service.yaml"
        try """
        loadFiles:
          ticket: {file: "\(sources)/applets/ticket-1.0-jc304.cap"}
        scripts:
          ticket: {file: "\(sources)/personalisation/ticket.pers"}
        applicationConfigs:
          scripted:
            instanceAid: \(instance)
            activation: {apdu: true}
            personalization: {script: ticket}
        services:
          scripted ticket:
            apps: [\(try #require(testbed.file.serviceProviders[0].apps.first).deviceAppId)]
            parameters: {line: "U1"}
            flavors:
              scripted:
                loadFiles: [ticket]
                applications: [{loadFile: ticket, module: F054534D53010101, config: scripted}]
                published: true
            versions:
              1.0.0: {scripted: [\(testbed.file.secureComponentProfiles.map { "\"\($0.id)\"" }.joined(separator: ", "))]}
        """.write(toFile: path, atomically: true, encoding: .utf8)
        let run = try await ProgramRun.run(try Executables.directory() + "/tsms", ["provider", "apply", "-f", path, "--dir", testbed.directory, "--json"])
        try #require(run.exitCode == 0, "\(run.output)\(run.errors)")
        return ScriptedService(id: try await services(testbed).first { $0.name == "scripted ticket" }.map(\.id) ?? "")
    }

    func delete(_ testbed: RunningTestbed) async throws {
        _ = try await ProgramRun.tsms(["provider", "delete", "services", id, "--dir", testbed.directory, "--json"])
    }

    static func securityDomain(of service: String, _ testbed: RunningTestbed) async throws -> String {
        try #require(try await services(testbed).first { $0.id == service }).sdAid
    }

    private struct Listed: Decodable { var id, name, sdAid: String }

    private static func services(_ testbed: RunningTestbed) async throws -> [Listed] {
        let run = try await ProgramRun.tsms(["provider", "get", "services", "--dir", testbed.directory, "--json"])
        return try JSONDecoder().decode([Listed].self, from: Data(try #require(run.lines.last).utf8))
    }
}
