import SecureComponentSimulator
import Testing
import TrustedServiceModel

extension EndToEnd.Shared {
    @Test("a handset with two components: one instance, the same one in either order, seen wherever it is; two requests")
    func twoComponents() async throws {
        let testbed = try RunningTestbed.required()
        let service = try testbed.service()
        for own in 0..<2 { try await withHandset(try TestHandset(testbed, own)) { try await $0.clear(testbed) } }
        let other = try SimulatedCard(opening: CardFile(path: TestHandset.cardPath(testbed, 1)))
        var content: CardContent?
        for isFirst in [true, false] {
            let further = [(reader: "SIM1", card: other)]
            try await withHandset(try TestHandset(testbed, before: isFirst ? further : [], after: isFirst ? [] : further)) { handset in
                let instance = try await handset.create(testbed)
                #expect(handset.transport.requests == 2 && instance.reader == "eSE1")
                let again = await handset.client.createServiceInstance(serviceId: service, version: "1.1.0")
                #expect(again.executionStatus == .alreadyExists && again.executionMessage.contains(instance.id) && again.executionMessage.contains("eSE1"), "\(again.executionMessage)")
                #expect(handset.transport.requests == 4)
                #expect(try await handset.instances(testbed).map(\.id) == [instance.id])
                if let content { #expect(CardContent(of: other) == content) }
                content = CardContent(of: other)
                try await handset.clear(testbed)
            }
        }
        // On the other component first: then the one with both may not have a second.
        try await withHandset(try TestHandset(testbed, 1, card: other)) { alone in
            let instance = try await alone.create(testbed)
            try await withHandset(try TestHandset(testbed, after: [(reader: "SIM1", card: other)])) { both in
                let refused = await both.client.createServiceInstance(serviceId: service, version: "1.0.0")
                #expect(refused.executionStatus == .alreadyExists && refused.executionMessage.contains("SIM1") && refused.executionMessage.contains(instance.id), "\(refused.executionMessage)")
            }
            try await alone.clear(testbed)
        }
    }
}
