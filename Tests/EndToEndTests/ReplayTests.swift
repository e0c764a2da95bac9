import Foundation
import Testing
import TSMAPI
import TrustedServiceModel

extension EndToEnd.Shared {
    @Test("replayed and re-ordered reports: the same answer or a refusal, nothing happens twice")
    func replays() async throws { try await Replays().run() }
}

extension EndToEnd.RandomChallenges {
    @Test("replayed and re-ordered reports: the same answer or a refusal, nothing happens twice")
    func replays() async throws { try await Replays().run() }
}

/// Everything that was said in a deployment is said again.
struct Replays {
    func run() async throws {
        let testbed = try RunningTestbed.required()
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            let id = try await handset.create(testbed).id
            let caller = try BareCaller(testbed, deviceKey: handset.deviceKey)
            let begun = handset.transport.exchanges.count
            handset.transport.beforeReport { report in
                let dialog = try #require(try handset.transport.lastDialog())
                let number = try #require(dialog.reportNumber)
                let token = try #require(report.header("authorization")).replacing("DPoP ", with: "")
                // Reports that are not due, among them the one after the next.
                for wrong in [number + 1, number - 1, number + 100, -1] {
                    let answer = try await caller.post("/processes/\(dialog.dialogId)/reports/\(wrong)", body: report.body, token: token)
                    #expect(answer.status == 409 || answer.status == 404, "report \(wrong): \(answer.status) \(answer.text)")
                }
                let nonsense = try await caller.post("/processes/\(dialog.dialogId)/reports/\(number)", body: Array("{}".utf8), token: token)
                #expect(nonsense.status == 400, "\(nonsense.text)")
            }
            let deployed = await handset.deploy(id)
            #expect(deployed.serviceInstanceState == .operational, "\(deployed.processInfo.executionMessage)")
            let said = Array(handset.transport.exchanges.dropFirst(begun)).filter { !$0.request.isRegistration }
            #expect(said.last?.request.isReport == true)

            let (before, commands) = (handset.content, handset.card.commandCount)
            let token = try #require(said.last?.request.header("authorization")).replacing("DPoP ", with: "")
            for (position, exchange) in said.enumerated() {
                let path = String(exchange.request.path.dropFirst("/tsm-api/v1".count))
                let key = exchange.request.header("idempotency-key").map { [("idempotency-key", $0)] } ?? []
                let again = try await caller.post(path, body: exchange.request.body, token: token, key)
                if position == said.count - 1 {
                    #expect(try again.status == 200 && same(again, exchange.answer), "the last report again: \(again.text)")
                } else if exchange.request.isReport {
                    #expect(again.status == 409, "an earlier report again: \(again.status) \(again.text)")
                } else {
                    // The request that began it: it is not begun anew.
                    #expect(try again.status == 200 && same(again, said.last?.answer), "the request again: \(again.text)")
                    let other = try await caller.post(path, body: exchange.request.body + [0x20], token: token, key)
                    #expect(other.status == 409, "its key with other content: \(other.status) \(other.text)")
                }
            }
            let last = try #require(said.last).request
            let changed = try await caller.post(String(last.path.dropFirst("/tsm-api/v1".count)), body: last.body + [0x20], token: token)
            #expect(changed.status == 409, "the last report with other content: \(changed.status) \(changed.text)")
            await caller.close()
            #expect(handset.content == before && handset.card.commandCount == commands)
            #expect(try await handset.instances(testbed).map(\.state) == [.operational])
            try await handset.clear(testbed)
        }
    }

    /// The members of a JSON object have no order.
    private func same(_ answer: BackendAnswer, _ other: BackendAnswer?) throws -> Bool {
        guard let other else { return false }
        return try JSONDecoder().decode(HandsetAPI.DialogAnswer.self, from: Data(answer.body)) == JSONDecoder().decode(HandsetAPI.DialogAnswer.self, from: Data(other.body))
    }
}
