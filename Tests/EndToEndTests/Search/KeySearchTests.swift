import Foundation
import GlobalPlatform
import Testing

extension EndToEnd.Shared {
    @Test("no key, static or session, is in a TSM's memory, store or log; the same search finds what was planted")
    func keysStayInVaults() async throws {
        let testbed = try RunningTestbed.required()
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            let witness = KeyWitness(observing: handset.card, path: try TestHandset.cardPath(testbed, 0))
            let id = try await handset.create(testbed).id
            // The card has its keys; the TSM waits for the report.
            handset.transport.beforeReport { _ in try await search(testbed, try needles(testbed, witness), "while an order is out") }
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            try await search(testbed, try needles(testbed, witness), "while deployed")
            #expect(await handset.terminate(id).processInfo.executionStatus == .noError)
            #expect(witness.failures.isEmpty, "\(witness.failures)")
            // Create: the ISD once. Deploy: ISD, first keys, final keys, ISD. Terminate: final keys, ISD.
            #expect(witness.sessionVersions == [0x30, 0x30, 0x30, 0x31, 0x30, 0x31, 0x30])
            try await search(testbed, try needles(testbed, witness), "after termination")
            handset.card.observe(nil)
        }
    }

    private func needles(_ testbed: RunningTestbed, _ witness: KeyWitness) throws -> [Needle] {
        var needles = witness.needles
        #expect(testbed.revealedKeys.count == 2)
        for (name, value) in testbed.revealedKeys { needles.append(Needle(name, try Hex.decode(value))) }
        for provider in testbed.file.serviceProviders {
            needles.append(Needle("master key of \(provider.name)", try Hex.decode(try String(contentsOfFile: provider.masterKeyFile, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines))))
        }
        for vault in ["sp-tsm-key-vault", "issuer-1-key-vault"] {
            needles.append(Needle("root key of \(vault)", [UInt8](try Data(contentsOf: URL(fileURLWithPath: testbed.directory(of: try testbed.process(vault)) + "/root.key")))))
        }
        // Three static keys each of the ISD, of the first and of the final set; three of each session but those that share none.
        #expect(needles.count >= 9 + 3 * 5 + 2 + 2 + 2)
        #expect(needles.allSatisfy { $0.bytes.count >= 16 })
        return needles
    }

    private func search(_ testbed: RunningTestbed, _ keys: [Needle], _ moment: String) async throws {
        // Printable, so that it can be planted raw in the environment of a process.
        let planted = Needle("planted key", Array(UUID().uuidString.utf8.prefix(16)))
        let app = Needle(text: try #require(testbed.file.serviceProviders[0].apps.first).deviceAppId)
        let searcher = Searcher(keys + [planted, app])
        var found: Set<Finding> = []

        for name in ["sp-tsm-provider", "sp-tsm-handset", "issuer-1-sei-tsm", "gateway-provider", "gateway-handset"] {
            let pid = try testbed.process(name).pid
            let bytes = try ProcessMemory.search(pid, named: name, with: searcher, into: &found)
            let resident = try ProcessMemory.anonymous(pid)
            #expect(bytes > 2 << 20 && bytes > resident / 2, "\(moment): only \(bytes) of \(resident) bytes of \(name) were searched")
        }
        #expect(found.contains { $0.needle == app.name && $0.place == "the memory of sp-tsm-handset" }, "\(moment): not even the app's ID is in the handset plane's memory")

        let log = try testbed.process("gateway-handset").log
        let writer = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        try writer.seekToEnd()
        try writer.write(contentsOf: Data("{\"message\":\"planted: \(Hex.encodeUpperCase(planted.bytes))\"}\n".utf8))
        try writer.close()
        var files: [String] = []
        for domain in ["sp-tsm", "issuer-1"] {
            // A vault's root key is where it has to be; everything else of the vaults is searched as well.
            files += try FileTree.search("\(testbed.directory)/\(domain)", except: ["root.key"], with: searcher, into: &found)
        }
        #expect(files.count { $0.hasSuffix("store.sqlite") } == 5 && files.count { $0.hasSuffix("service.log") } == 7)
        let inFiles = found.filter { $0.needle == planted.name }
        #expect(inFiles == [Finding(needle: planted.name, form: "HEX", place: log)], "\(moment): \(inFiles)")

        let leaks = found.filter { $0.needle != planted.name && $0.needle != app.name }
        #expect(leaks.isEmpty, "\(moment): \(leaks.map(\.description).sorted().joined(separator: "\n"))")
        try await controls(testbed, searcher, planted, keys)
    }

    /// The same search where it has to find something.
    private func controls(_ testbed: RunningTestbed, _ searcher: Searcher, _ planted: Needle, _ keys: [Needle]) async throws {
        // Another process, with the key in its environment in every form.
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/cat")
        process.environment = Dictionary(uniqueKeysWithValues: planted.forms.filter { $0.name.hasPrefix("base64url") == false }.enumerated().map { ("FORM\($0)", String(decoding: $1.bytes, as: UTF8.self)) })
        let input = Pipe()
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let pid = process.processIdentifier
        // The program is there once it has replaced the copy of this process.
        let started = try await wait(upTo: .seconds(10)) { (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe"))?.hasSuffix("/cat") == true ? true : nil }
        #expect(started == true)
        var found: Set<Finding> = []
        try ProcessMemory.search(pid, named: "cat", with: searcher, into: &found)
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        #expect(Set(found.map(\.form)) == ["raw", "hex", "HEX", "base64/0", "base64/1", "base64/2"], "\(found)")

        // A vault's root key, in the one file that was left out.
        var roots: Set<Finding> = []
        let directory = testbed.directory(of: try testbed.process("sp-tsm-key-vault"))
        _ = try FileTree.search(directory, with: searcher, into: &roots)
        // Words that are no keys may well be in its store.
        roots = roots.filter { finding in keys.contains { $0.name == finding.needle } }
        #expect(roots == [Finding(needle: "root key of sp-tsm-key-vault", form: "raw", place: directory + "/root.key")], "\(roots)")
    }
}
