import Foundation
import HTTP2
import HTTPTypes
import ServiceKit
import Synchronization
import Testing

@Suite struct JSONClientTests {
    /// Answers what it is told to and keeps what it was asked.
    final class Fake: RequestSender {
        let requests = Mutex<[HTTPRequest]>([])
        let answer: Result<HTTPClientResponse, HTTPClientError>
        init(_ answer: Result<HTTPClientResponse, HTTPClientError>) { self.answer = answer }
        func send(_ request: HTTPRequest, body: [UInt8]?, timeout: Duration) async throws(HTTPClientError) -> HTTPClientResponse {
            requests.withLock { $0.append(request) }
            return try answer.get()
        }
    }

    private func client(_ fake: Fake, url: String = "https://vault.example:8443/vault/v1/") throws -> JSONClient {
        JSONClient(sender: fake, url: try #require(URL(string: url)), timeout: .seconds(1), environment: .system)
    }

    private func answer(_ status: HTTPResponse.Status, _ body: String, _ headers: HTTPFields = [:]) -> Result<HTTPClientResponse, HTTPClientError> {
        .success(HTTPClientResponse(status: status, headerFields: headers, body: Array(body.utf8)))
    }

    @Test func requestsAreComplete() async throws {
        let fake = Fake(answer(.ok, "[]"))
        let idempotencyKey = try #require(HTTPField.Name("Idempotency-Key"))
        let list = try await client(fake).call(.post, "/key-sets/\(JSONClient.segment("a/b"))", body: ["x": 1], headers: [idempotencyKey: "k"], as: [String].self)
        #expect(list == [])
        let request = try #require(fake.requests.withLock { $0.first })
        #expect(request.path == "/vault/v1/key-sets/a%2Fb" && request.authority == "vault.example:8443" && request.method == .post)
        #expect(request.headerFields[.contentType] == "application/json" && request.headerFields[.accept] == "application/json")
        #expect(request.headerFields[try #require(HTTPField.Name("traceparent"))].flatMap(TraceContext.init(header:)) != nil)
        #expect(request.headerFields[idempotencyKey] == "k")
    }

    @Test(arguments: [
        ("plain-1._~", "plain-1._~"), ("a/b?c#d%", "a%2Fb%3Fc%23d%25"), ("..", "%2E%2E"), (".", "%2E"), ("ä b", "%C3%A4%20b"), ("a\r\nb", "a%0D%0Ab"),
    ])
    func segments(_ text: String, _ encoded: String) {
        #expect(JSONClient.segment(text) == encoded)
    }

    @Test func refusalsWithoutAProblemDocument() async throws {
        let client = try client(Fake(answer(.badGateway, "<html>", [.retryAfter: "3"])))
        do throws(RemoteError) {
            try await client.send(.get, "/x")
            Issue.record("must fail")
        } catch {
            #expect(error.status == 502 && error.code == nil && error.retryAfter == 3 && error.detail == "Bad Gateway")
        }
    }

    @Test func transportFailures() async throws {
        let client = try client(Fake(.failure(.connectionLost("reset"))))
        do throws(RemoteError) {
            try await client.send(.get, "/x")
            Issue.record("must fail")
        } catch {
            guard case .unreachable(let reason) = error else {
                Issue.record(error)
                return
            }
            #expect(reason.contains("vault.example:8443") && reason.contains("reset") && error.status == nil && error.code == nil)
        }
    }

    @Test func hugeNumbersInRetryAfterDoNotTrap() async throws {
        let client = try client(Fake(answer(.serviceUnavailable, "", [.retryAfter: "99999999999999999999999"])))
        do throws(RemoteError) {
            try await client.send(.get, "/x")
            Issue.record("must fail")
        } catch {
            #expect(error.retryAfter == nil && error.status == 503)
        }
    }
}
