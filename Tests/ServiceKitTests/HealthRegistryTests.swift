import ServiceKit
import Testing

@Suite struct HealthRegistryTests {
    struct Down: Error, CustomStringConvertible { let description = "vault: connection refused\nforged" }

    @Test func eachDependencyWithItsReason() async {
        let drain = DrainState()
        let health = HealthRegistry(drain: drain)
        #expect(await health.findings().isEmpty)
        health.register("store") {}
        health.register("vault") { throw Down() }
        var findings = await health.findings()
        #expect(findings.map(\.name) == ["store", "vault"])
        #expect(findings.map(\.ready) == [true, false])
        #expect(findings[1].reason == "vault: connection refused\\nforged" && findings[0].reason == nil)
        health.register("vault") {}
        findings = await health.findings()
        #expect(findings.allSatisfy { $0.ready })
        drain.begin()
        #expect(await health.findings().contains { $0.name == "drain" && !$0.ready })
    }

    @Test func aCheckThatHangsFails() async {
        let health = HealthRegistry(drain: DrainState())
        let (stream, end) = AsyncStream<Void>.makeStream()
        health.register("stuck", timeout: .milliseconds(20)) {
            // Ignores cancellation.
            await Task.detached { for await _ in stream {} }.value
        }
        let findings = await health.findings()
        #expect(findings.first?.ready == false && findings.first?.reason?.contains("no answer within") == true)
        end.finish()
    }
}
