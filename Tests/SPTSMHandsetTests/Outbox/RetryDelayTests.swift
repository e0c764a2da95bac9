@testable import SPTSMHandset
import Testing

@Suite("pauses between attempts")
struct RetryDelayTests {
    private let delay = RetryDelay(OutboxSettings(firstDelay: 2, longestDelay: 900))

    @Test("each twice as long as the last, up to the longest; the upper half of it by chance")
    func growth() {
        let (least, most): ([UInt8], [UInt8]) = ([0, 0], [0xFF, 0xFF])
        for (failures, whole) in [(1, 2.0), (2, 4), (3, 8), (9, 512), (10, 900), (11, 900), (1_000_000, 900)] {
            #expect(delay.pause(after: failures, random: most) == whole)
            #expect(delay.pause(after: failures, random: least) == whole / 2)
        }
        #expect(delay.pause(after: 0, random: most) == 2)
        #expect(delay.pause(after: 3, random: [0x80, 0]) > 5.9 && delay.pause(after: 3, random: [0x80, 0]) < 6.1)
    }

    @Test("what the other side asks for counts, within the longest")
    func asked() {
        #expect(delay.pause(after: 1, random: [0, 0], asked: 30) == 30)
        #expect(delay.pause(after: 9, random: [0, 0], asked: 30) == 256)
        #expect(delay.pause(after: 1, random: [0, 0], asked: 1_000_000) == 900)
    }

    @Test("by status", arguments: [
        (200, DeliveryOutcome.accepted), (204, .accepted), (400, .refused(status: 400)), (422, .refused(status: 422)), (404, .unavailable(reason: "it answers 404")), (500, .unavailable(reason: "it answers 500")),
        (401, .unavailable(reason: "it answers 401")), (307, .unavailable(reason: "it answers with a redirect (307), which is not followed")),
    ])
    func status(status: Int, outcome: DeliveryOutcome) { #expect(DeliveryOutcome(status: status, retryAfter: nil) == outcome) }

    @Test("Retry-After: seconds only", arguments: [("7", 7.0 as Double?), ("-1", nil), ("nan", nil), ("inf", nil), ("Wed, 21 Oct 2026 07:28:00 GMT", nil), ("", nil)])
    func retryAfter(text: String, seconds: Double?) {
        #expect(DeliveryOutcome(status: 503, retryAfter: text) == .unavailable(reason: "it answers 503", retryAfter: seconds))
    }
}
