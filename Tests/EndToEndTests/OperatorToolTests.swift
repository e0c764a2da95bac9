import Foundation
import HTTP2
import Synchronization
import Testing
import TrustedServiceModel

extension EndToEnd.Shared {
    private func operate(_ arguments: String..., expecting code: Int32 = 0) async throws -> [String: Any] {
        let testbed = try RunningTestbed.required()
        let run = try await ProgramRun.run(try Executables.directory() + "/tsms", ["operator"] + arguments + ["--dir", testbed.directory, "--json"])
        #expect(run.exitCode == code, "tsms operator \(arguments.joined(separator: " ")): \(run.errors)\(run.output)")
        let last = try #require(run.lines.last)
        return try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
    }

    @Test("tsms operator processes|instances|components|key-sets: a stuck process ends with category 6, an instance and a component are closed and opened")
    func operatorOfTheHandsetPlane() async throws {
        let testbed = try RunningTestbed.required()
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            let instance = try await handset.create(testbed)
            // Of another handset's view: its report never comes, the process hangs until somebody ends it.
            let process = Mutex<String?>(nil)
            handset.transport.beforeReport { _ in
                let dialog = try #require(try handset.transport.lastDialog())
                let running = try await self.operate("processes", "list", "--filter", "state=running", "--filter", "instance=\(instance.id)")
                let items = try #require(running["items"] as? [[String: Any]])
                #expect(items.count == 1 && items[0]["id"] as? String == dialog.dialogId && items[0]["stage"] as? String == "running")
                let ended = try await self.operate("processes", "end", dialog.dialogId, "--reason", "stuck")
                #expect((ended["process"] as? [String: Any])?["executionStatus"] as? Int == 6)
                process.withLock { $0 = dialog.dialogId }
            }
            let deployed = await handset.deploy(instance.id)
            #expect(deployed.processInfo.executionStatus != .noError)
            let id = try #require(process.withLock { $0 })
            let shown = try await operate("processes", "show", id)
            let kinds = (shown["timeline"] as? [[String: Any]])?.compactMap { $0["kind"] as? String } ?? []
            #expect(kinds.prefix(1) == ["order"] && kinds.contains("operator") && kinds.contains("result"), "\(kinds)")
            _ = try await operate("processes", "end", id, "--reason", "again", expecting: 1)

            // The report that came late changed nothing; the next process reads the card first, and comes through.
            let again = await handset.deploy(instance.id)
            #expect(again.serviceInstanceState == .operational, "\(again.processInfo.executionMessage)")
            let detail = try await operate("instances", "show", instance.id)
            let keySet = try #require((detail["keySets"] as? [[String: Any]])?.first { $0["part"] as? String == "final" })
            #expect(keySet["state"] as? String == "live")
            #expect(try await operate("key-sets", "release", try #require(keySet["id"] as? String), "--reason", "looked into")["result"] as? String == "ok")
            // The vault has it in its own audit log.
            #expect(try testbed.log("sp-tsm-handset").contains("authentications released"))

            _ = try await operate("instances", "quarantine", instance.id, "--reason", "reported stolen")
            let refused = await handset.terminate(instance.id)
            #expect(refused.processInfo.executionStatus == .notAllowed && refused.processInfo.executionMessage.contains("reported stolen"))
            _ = try await operate("instances", "lift", instance.id)
            let component = try #require((detail["instance"] as? [String: Any])?["componentId"] as? String)
            _ = try await operate("components", "quarantine", component, "--reason", "recalled")
            #expect(await handset.terminate(instance.id).processInfo.executionStatus == .notAllowed)
            #expect((try await operate("components", "list", "--filter", "quarantined=true")["items"] as? [Any])?.count == 1)
            _ = try await operate("components", "lift", component)
            #expect(await handset.terminate(instance.id).processInfo.executionStatus == .noError)
            let actions = try #require(try await operate("actions", "--limit", "10")["items"] as? [[String: Any]])
            #expect(actions.compactMap { $0["kind"] as? String } == ["liftComponent", "quarantineComponent", "liftInstance", "quarantineInstance", "releaseAuthentications", "endProcess"])
            #expect(actions.allSatisfy { ($0["who"] as? String)?.contains("spiffe://sp-tsm.example/operator") == true })
            // Nobody else: the gateway's certificate opens nothing there.
            let gateway = testbed.directory(of: try testbed.process("gateway-handset"))
            let plane = try testbed.process("sp-tsm-handset")
            let port = try #require(try testbed.listeners(of: plane)["operator"])
            let files = try FileManager.default.contentsOfDirectory(atPath: gateway)
            let certificate = try #require(files.first { $0.hasSuffix(".pem") && FileManager.default.fileExists(atPath: gateway + "/" + $0.replacing(".pem", with: ".key")) })
            let intruder = DirectPeer(certificate: gateway + "/" + certificate, key: gateway + "/" + certificate.replacing(".pem", with: ".key"))
            let outcome = try await intruder.request(port: port, "/operator/v1/processes", ca: testbed.file.gateway.ca, server: .spiffe(plane.identity))
            #expect(outcome.status == 403, "\(outcome)")
        }
    }
}
