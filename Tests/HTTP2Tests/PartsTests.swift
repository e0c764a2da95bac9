import HTTPTypes
import Logging
import NIOCore
import Synchronization
import Testing

@testable import HTTP2

@Suite("Parts") struct PartsTests {
    @Test func tokens() {
        var bucket = TokenBucket(burst: 2, perSecond: 10, now: .uptimeNanoseconds(0))
        let times: [UInt64] = [0, 0, 0, 100_000_000, 150_000_000, 10_000_000_000, 10_000_000_000, 10_000_000_000]
        let taken = times.map { bucket.take(now: .uptimeNanoseconds($0)) }
        #expect(taken == [true, true, false, true, false, true, true, false])
    }

    @Test func buffersAreCutAnywhere() {
        var queue = BufferQueue()
        for part in ["", "ab", "cde", "f"] { queue.append(ByteBuffer(string: part)) }
        #expect(queue.readableBytes == 6)
        var target = ByteBuffer()
        queue.move(1, to: &target)
        queue.move(3, to: &target)
        queue.append(ByteBuffer(string: "gh"))
        queue.move(4, to: &target)
        #expect(String(buffer: target) == "abcdefgh")
        #expect(queue.isEmpty)
    }

    @Test func headersKeepTheirFields() throws {
        var fields = HTTPFields()
        fields[.accept] = "x"
        fields[.connection] = "close"
        fields.append(HTTPField(name: .setCookie, value: "a=1"))
        fields.append(HTTPField(name: .setCookie, value: "b=2"))
        let list = HeaderList(request: HTTPRequest(method: .put, scheme: nil, authority: nil, path: nil, headerFields: fields), authority: "h:1")
        let request = try #require(list.makeRequest())
        #expect(request.method == .put)
        #expect(request.scheme == "https")
        #expect(request.authority == "h:1")
        #expect(request.path == "/")
        #expect(request.headerFields[values: .setCookie] == ["a=1", "b=2"])
        #expect(request.headerFields[.connection] == nil)
        #expect(list.status == nil)
        #expect(HeaderList(response: HTTPResponse(status: .ok)).status == 200)
    }

    @Test func dates() {
        #expect(HTTPDate.text(secondsSince1970: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.text(secondsSince1970: 0) == "Thu, 01 Jan 1970 00:00:00 GMT")
    }

    @Test func aGateHoldsTheWriterBack() async throws {
        let gate = OutboundGate()
        try gate.enter(300_000)
        let writer = Task { try await gate.waitForRoom() }
        gate.leave(100_000)
        gate.leave(150_000)
        try await writer.value
        gate.close(.timeout)
        #expect(throws: StreamFailure.timeout) { try gate.enter(1) }
        await #expect(throws: StreamFailure.timeout) { try await gate.waitForRoom() }
    }

    @Test func aBodyGivesItsWindowBackAsItIsRead() async throws {
        let returned = Latch()
        let count = Counter()
        let body = InboundBody { bytes in
            if count.add(bytes) == 70_000 { returned.open() }
        }
        for _ in 0..<7 { body.append(ByteBuffer(repeating: 1, count: 10_000)) }
        #expect(count.value == 0)
        body.finish(.success(nil))
        var read = 0
        for try await part in body { read += part.readableBytes }
        #expect(read == 70_000)
        await returned.wait()
    }

    @Test func anAbandonedBodyGivesEverythingBack() {
        let count = Counter()
        let body = InboundBody { _ = count.add($0) }
        body.append(ByteBuffer(repeating: 1, count: 100))
        body.abandon()
        body.append(ByteBuffer(repeating: 1, count: 50))
        #expect(count.value == 150)
    }

    @Test func aCancelledReaderIsReleased() async {
        let body = InboundBody { _ in }
        let reader = Task { () -> Bool in
            do {
                for try await _ in body {}
                return false
            } catch { return error is CancellationError }
        }
        reader.cancel()
        #expect(await reader.value)
    }

    @Test func errorsSayWhetherTheRequestLeft() {
        #expect(HTTPClientError.cannotConnect("x").neverLeft)
        #expect(HTTPClientError.goAway("x").neverLeft)
        #expect(!HTTPClientError.timeout(.seconds(1)).neverLeft)
        #expect(!HTTPClientError.connectionLost("x").neverLeft)
        #expect(HTTP2ErrorCode.enhanceYourCalm.name == "ENHANCE_YOUR_CALM")
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)
    @discardableResult func add(_ more: Int) -> Int {
        count.withLock {
            $0 += more
            return $0
        }
    }
    var value: Int { count.withLock { $0 } }
}
