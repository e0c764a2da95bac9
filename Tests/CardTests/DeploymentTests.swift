import Foundation
import Testing

extension InReaders {
    /// The whole suite with the card in a reader: TSM-API, pcscd, vpcd, simulator.
    @Suite("Deployment", .serialized)
    struct Deployment {
        private struct Description: Decodable {
            struct Service: Decodable { var id: String }
            var demoService: Service
        }

        private struct Created: Decodable {
            struct Instance: Decodable { var id: String }
            var serviceInstance: Instance?
            var executionStatus: Int
        }

        private func decoded<Value: Decodable>(_ text: String, as type: Value.Type = Value.self) throws -> Value {
            let line = try #require(text.split(separator: "\n").last)
            return try JSONDecoder().decode(type, from: Data(line.utf8))
        }

        @Test("a card that its issuer registers through the reader gets a service deployed, used and terminated through it", arguments: ["t1", "t0"])
        func wholeLife(_ transmission: String) async throws {
            let daemon = try PrivateDaemon.required()
            let directory = try Directory()
            let testbed = directory.path + "/testbed"
            let onDisk = try await CardOnDisk()
            let card = try await daemon.insert(onDisk, "--transmission", transmission)
            try await RunningProgram.tsms("testbed", "up", "--dir", testbed, "--detach", "--json", "--with-demo-service")
            do {
                try await life(testbed, onDisk)
            } catch {
                _ = try? await RunningProgram.tsms("testbed", "down", "--dir", testbed, "--json")
                throw error
            }
            try await RunningProgram.tsms("testbed", "down", "--dir", testbed, "--json")
            try await daemon.pull(card)
        }

        private func life(_ testbed: String, _ onDisk: CardOnDisk) async throws {
            let reader = PrivateDaemon.reader
            let service = try JSONDecoder().decode(Description.self, from: Data(contentsOf: URL(fileURLWithPath: testbed + "/testbed.json"))).demoService.id
            func handset(_ arguments: String..., expecting code: Int32 = 0) async throws -> String {
                try await RunningProgram.run(try Tools.tsms(), ["handset", "--dir", testbed, "--reader", "Virtual PCD 00 00", "--json"] + arguments, expecting: code)
            }
            // The issuer does not know the card yet.
            #expect(try decoded(await handset("create", service, "1.0.0", expecting: 3), as: Created.self).serviceInstance == nil)
            let wrong = onDisk.path + ".wrong"
            let zero = String(repeating: "00", count: 16)
            try Data(#"{"keyVersionNumber":48,"enc":"\#(zero)","mac":"\#(zero)","dek":"\#(zero)"}"#.utf8).write(to: URL(fileURLWithPath: wrong))
            #expect(try await RunningProgram.tsms("issuer", "register", "--dir", testbed, "--reader", reader, "--keys", wrong, expecting: 1).contains("does not hold these keys"))
            try await RunningProgram.tsms("issuer", "register", "--dir", testbed, "--reader", reader, "--keys", onDisk.keys, "--json")
            #expect(try await RunningProgram.tsms("issuer", "register", "--dir", testbed, "--reader", reader, "--keys", onDisk.keys, expecting: 1).contains("in the inventory already"))
            #expect(try await RunningProgram.tsms("issuer", "inventory", "--dir", testbed, "--json").split(separator: "\n").count == 3)

            let created = try decoded(await handset("create", service, "1.0.0"), as: Created.self)
            let instance = try #require(created.serviceInstance?.id)
            let deployed = try await handset("deploy", instance, "--record", onDisk.transcript)
            #expect(deployed.contains(#""executionStatus":0"#), "\(deployed)")
            #expect(try String(contentsOfFile: onDisk.transcript, encoding: .utf8).split(separator: "\n").count > 30)
            #expect(try await handset("instances", service).contains(instance))
            #expect(try await RunningProgram.tsms("secure-component", "show", "--file", onDisk.path, "--json").contains("f054534d53"))
            // As the app: the version, through OMAPI, under the card's access rules.
            let used = try await handset("transmit", "f054534d5301010101", "8030000000")
            #expect(used.contains(#""responses":["01009000"]"#), "\(used)")
            let terminated = try await handset("terminate", instance)
            #expect(terminated.contains(#""executionStatus":0"#), "\(terminated)")
            #expect(!(try await RunningProgram.tsms("secure-component", "show", "--file", onDisk.path, "--json")).contains("f054534d53"))
        }
    }
}
