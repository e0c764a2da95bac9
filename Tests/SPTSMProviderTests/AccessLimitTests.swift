import Foundation
import HTTPTypes
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

@Suite struct AccessLimitTests {
    private func from(_ address: String) -> HTTPFields { [GatewayHeaders.clientAddress: address] }

    @Test func bucketsFillWithTime() {
        let start = Date(timeIntervalSince1970: 1_700_000_000)
        var buckets = TokenBuckets(perSecond: 2, burst: 3, capacity: 4)
        func take(_ subject: String, _ seconds: Double) -> Int? { buckets.take(subject, now: start.addingTimeInterval(seconds)) }
        #expect((0..<4).map { _ in take("a", 0) } == [nil, nil, nil, 1])
        #expect([take("b", 0), take("a", 0.5), take("a", 0.5)] == [nil, nil, 1])
        // Set back, the clock takes nothing away and gives nothing.
        #expect([take("a", -100)] == [1])
        #expect((0..<4).map { _ in take("a", 1000) } == [nil, nil, nil, 1])
        // Many subjects push out those that rested longest, not the newest.
        for number in 0..<100 { _ = take("n\(number)", 2000 + Double(number)) }
        #expect((0..<3).map { _ in take("n99", 2099) } == [nil, nil, 1])
    }

    @Test func failuresCountWithinTheWindow() {
        let start = Date(timeIntervalSince1970: 1_700_000_000)
        var count = FailureCount(limit: 3, duration: 60)
        let first = [count.note("a", now: start), count.note("a", now: start.addingTimeInterval(1))]
        #expect(first == [false, false])
        #expect(count.lockedFor("a", now: start.addingTimeInterval(1)) == nil)
        // The window is over: a new count.
        let second = [62, 63, 64].map { count.note("a", now: start.addingTimeInterval($0)) }
        #expect(second == [false, false, true])
        let locked = (count.lockedFor("a", now: start.addingTimeInterval(65)), count.lockedFor("b", now: start))
        #expect(locked.0 == 59 && locked.1 == nil)
        #expect(count.locked(now: start.addingTimeInterval(65)).map(\.subject) == ["a"])
        let later = count.lockedFor("a", now: start.addingTimeInterval(124))
        #expect(later == nil)
        let released = count.release("a")
        #expect(!released)
    }

    @Test func failuresDuringALockOutDoNotLiftIt() {
        let start = Date(timeIntervalSince1970: 1_700_000_000)
        var count = FailureCount(limit: 2, duration: 60)
        // Locked at the end of the window, so until 119.
        let brought = [0, 59].map { count.note("a", now: start.addingTimeInterval($0)) }
        #expect(brought == [false, true])
        let during = [60, 61, 118].map { count.note("a", now: start.addingTimeInterval($0)) }
        #expect(during == [false, false, false])
        let left = [62, 118].map { count.lockedFor("a", now: start.addingTimeInterval($0)) }
        #expect(left == [57, 1])
        // Then all begins anew.
        let after = [120, 121].map { count.note("a", now: start.addingTimeInterval($0)) }
        #expect(after == [false, true])
    }

    @Test func whatNeedsNoTokenCountsToo() async throws {
        for (method, path, status) in [(HTTPRequest.Method.get, "/openapi.yaml", 200), (.get, "/nowhere", 404), (.put, "/openapi.yaml", 405), (.delete, "/services", 405)] {
            let plane = try await Plane(access: AccessLimits(requestsPerSecond: 1, burst: 3, failures: 0))
            var statuses: [Int] = []
            for _ in 0..<6 { statuses.append(try await plane.call(method, path, authorization: "", headers: from("192.0.2.1")).status) }
            #expect(statuses.first == status && statuses.last == 429, "\(method) \(path)")
            #expect(try await plane.call(method, path, authorization: "", headers: from("192.0.2.2")).status == status)
        }
    }

    @Test func tooManyRequestsAre429() async throws {
        let plane = try await Plane(access: AccessLimits(requestsPerSecond: 1, burst: 5, failures: 0))
        var statuses: [Int] = []
        for _ in 0..<8 { statuses.append(try await plane.call(.get, "/services", headers: from("192.0.2.1")).status) }
        #expect(statuses.prefix(4).allSatisfy { $0 == 200 } && statuses.last == 429)
        let refused = try await plane.call(.get, "/services", headers: from("192.0.2.1"))
        #expect(refused.status == 429 && refused.category == 1002 && refused.headers[.retryAfter] == "1")
        // The same service provider from elsewhere has used up its own share; the other one has not.
        #expect(try await plane.call(.get, "/services", headers: from("192.0.2.2")).status == 429)
        #expect(try await plane.call(.get, "/services", as: plane.second, headers: from("192.0.2.3")).status == 200)
        plane.advance(10)
        #expect(try await plane.call(.get, "/services", headers: from("192.0.2.1")).status == 200)
    }

    @Test func guessingTokensLocksTheAddressOut() async throws {
        let plane = try await Plane(access: AccessLimits(requestsPerSecond: 0, failures: 3, lockout: 60))
        let long = try #require(plane.longTermTokens[plane.first.id])
        for _ in 0..<3 { #expect(try await plane.call(.post, "/auth", authorization: "lt-guess", headers: from("192.0.2.1")).category == 1001) }
        // Right or wrong, nothing is looked at any more.
        for token in ["lt-guess", long] {
            let answer = try await plane.call(.post, "/auth", authorization: token, headers: from("192.0.2.1"))
            #expect(answer.status == 429 && answer.category == 1002 && Int(answer.headers[.retryAfter] ?? "") != nil)
        }
        #expect(try await plane.call(.get, "/services", authorization: "Bearer x.y.z", headers: from("192.0.2.1")).status == 429)
        // A session that is open goes on, and others are not concerned.
        #expect(try await plane.call(.get, "/services", headers: from("192.0.2.1")).status == 200)
        #expect(try await plane.call(.post, "/auth", authorization: long, headers: from("192.0.2.2")).status == 200)
        let locked: [OperatorAPI.LockoutRecord] = try await plane.callOperator(.get, "/lockouts").decode()
        #expect(locked.map(\.subject) == ["192.0.2.1"] && locked.map(\.kind) == ["address"])
        #expect(try await plane.callOperator(.delete, "/lockouts/address/192.0.2.1").status == 204)
        #expect(try await plane.callOperator(.delete, "/lockouts/address/192.0.2.1").status == 404)
        #expect(try await plane.callOperator(.delete, "/lockouts/person/192.0.2.1").status == 400)
        #expect(try await plane.call(.post, "/auth", authorization: long, headers: from("192.0.2.1")).status == 200)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::/64"), ("2001:DB8:0:0:ffff:1:2:3", "2001:db8::/64"), ("2001:db8:0:1::1", "2001:db8:0:1::/64"), ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:db8::/64", "2001:db8::/64"), ("-", "-"), ("", ""), ("1.2.3", "1.2.3"), ("2001:db8::1::2", "2001:db8::1::2"),
    ]) func oneClientHasOneNetwork(_ address: String, _ network: String) {
        #expect(ClientNetwork.of(address) == network && ClientNetwork.of(network) == network)
    }

    /// A client with a /64 at its command is one client, for rates and for lock-outs.
    @Test func aNetworkCountsAsOne() async throws {
        let plane = try await Plane(access: AccessLimits(requestsPerSecond: 1, burst: 4, failures: 3, lockout: 60))
        let long = try #require(plane.longTermTokens[plane.first.id])
        for number in 1...3 { #expect(try await plane.call(.post, "/auth", authorization: "lt-guess", headers: from("2001:db8:0:1::\(number)")).category == 1001) }
        let locked = try await plane.call(.post, "/auth", authorization: long, headers: from("2001:db8:0:1:8000::"))
        #expect(locked.status == 429 && String(decoding: locked.body, as: UTF8.self).contains("authentications"))
        #expect(try await plane.call(.get, "/openapi.yaml", headers: from("2001:db8:0:1:9::")).status == 429)
        #expect(try await plane.call(.post, "/auth", authorization: long, headers: from("2001:db8:0:2::1")).status == 200)
        let records: [OperatorAPI.LockoutRecord] = try await plane.callOperator(.get, "/lockouts").decode()
        #expect(records.map(\.subject) == ["2001:db8:0:1::/64"])
        // Released by the network as it is listed; any address in it does as well.
        #expect(try await plane.callOperator(.delete, "/lockouts/address/2001:db8:0:1::%2F64").status == 204)
        #expect(try await plane.callOperator(.delete, "/lockouts/address/2001:db8:0:1::7").status == 404)
        plane.advance(10)
        for number in 1...3 { _ = try await plane.call(.post, "/auth", authorization: "lt-guess", headers: from("2001:db8:0:1::\(number)")) }
        #expect(try await plane.callOperator(.delete, "/lockouts/address/2001:db8:0:1::7").status == 204)
    }

    @Test func lockOutEndsByItself() async throws {
        let plane = try await Plane(access: AccessLimits(requestsPerSecond: 0, failures: 2, lockout: 30))
        let long = plane.longTermTokens[plane.first.id]
        for _ in 0..<2 { _ = try await plane.call(.post, "/auth", authorization: "lt-guess", headers: from("192.0.2.1")) }
        #expect(try await plane.call(.post, "/auth", authorization: long, headers: from("192.0.2.1")).status == 429)
        plane.advance(31)
        #expect(try await plane.call(.post, "/auth", authorization: long, headers: from("192.0.2.1")).status == 200)
    }

    @Test func aTokenWithTheWrongCertificateLocksTheProviderOut() async throws {
        let plane = try await Plane(access: AccessLimits(requestsPerSecond: 0, failures: 3, lockout: 60))
        let digest = String(repeating: "ab", count: 32)
        _ = try await plane.plane.operator.setClientCertificate(.init(sha256: digest), of: plane.first.id)
        let long = plane.longTermTokens[plane.first.id]
        // From many addresses, so that it is the provider's count and not an address's.
        for number in 1...3 { #expect(try await plane.call(.post, "/auth", authorization: long, headers: from("192.0.2.\(number)")).category == 1001) }
        var right = from("198.51.100.1")
        right[GatewayHeaders.clientCertificate] = digest
        #expect(try await plane.call(.post, "/auth", authorization: long, headers: right).status == 429)
        #expect(try await plane.call(.get, "/services", headers: right).status == 200)
        #expect(try await plane.callOperator(.delete, "/lockouts/serviceProvider/\(plane.first.id)").status == 204)
        #expect(try await plane.call(.post, "/auth", authorization: long, headers: right).status == 200)
    }

    @Test func expiredTokensAreNoAttack() async throws {
        let plane = try await Plane(access: AccessLimits(requestsPerSecond: 0, failures: 2, lockout: 60))
        plane.advance(2000)
        for _ in 0..<5 { #expect(try await plane.call(.get, "/services", headers: from("192.0.2.1")).status == 401) }
        for _ in 0..<5 { #expect(try await plane.call(.get, "/services", authorization: "", headers: from("192.0.2.1")).status == 401) }
        #expect(plane.plane.operator.lockouts().isEmpty)
    }
}
