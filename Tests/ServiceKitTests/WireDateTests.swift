import Foundation
import ServiceKit
import Testing

@Suite struct WireDateTests {
    @Test(arguments: [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_772_357_400.25, "2026-03-01T09:30:00.250Z"),
        (951_782_399.999, "2000-02-28T23:59:59.999Z"),
        (951_782_400.0, "2000-02-29T00:00:00.000Z"),
        (4_107_542_400.0, "2100-03-01T00:00:00.000Z"),
        (-0.001, "1969-12-31T23:59:59.999Z"),
        (-62_135_596_800.0, "0001-01-01T00:00:00.000Z"),
    ])
    func bothWays(_ seconds: Double, _ text: String) throws {
        // Half a millisecond more, so that binary fractions do not decide.
        #expect(WireDate.text(Date(timeIntervalSince1970: seconds + 0.0002)) == text)
        let date = try #require(WireDate.date(text))
        #expect(abs(date.timeIntervalSince1970 - seconds) < 0.0001)
    }

    @Test(arguments: [
        ("2026-03-01T09:30:00Z", 1_772_357_400.0), ("2026-03-01T09:30:00.5Z", 1_772_357_400.5), ("2026-03-01T10:30:00+01:00", 1_772_357_400.0),
        ("2026-03-01T04:00:00.000-05:30", 1_772_357_400.0), ("2026-03-01t09:30:00.123456789z", 1_772_357_400.123456789),
    ])
    func readsRFC3339(_ text: String, _ seconds: Double) throws {
        #expect(abs(try #require(WireDate.date(text)).timeIntervalSince1970 - seconds) < 1e-6)
    }

    @Test(arguments: [
        "", "2026-03-01", "2026-03-01T09:30Z", "2026-03-01T09:30:00", "2026-03-01 09:30:00Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-01-32T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00ZZ", "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00+24:00", "٢٠٢٦-01-01T00:00:00Z", "26-01-01T00:00:00Z",
    ])
    func refuses(_ text: String) {
        #expect(WireDate.date(text) == nil)
    }

    @Test func extremesDoNotTrap() {
        for seconds in [Double.infinity, -.infinity, .nan, 1e300, -1e300] { #expect(WireDate.text(Date(timeIntervalSince1970: seconds)).hasSuffix("Z")) }
    }
}

@Suite struct WireJSONTests {
    struct Value: Codable, Equatable {
        var at: Date
        var path: String
        var count: Int
    }

    @Test func datesAndSlashes() throws {
        let value = Value(at: Date(timeIntervalSince1970: 1_772_357_400.25), path: "/a/b", count: 1)
        let text = String(decoding: try WireJSON.encode(value), as: UTF8.self)
        #expect(text.contains(#""at":"2026-03-01T09:30:00.250Z""#) && text.contains(#""path":"/a/b""#))
        #expect(try WireJSON.decode(Value.self, from: Array(text.utf8)) == value)
    }

    @Test(arguments: [
        (#"{"path":"p","count":1}"#, "at is missing"), (#"{"at":"x","path":"p","count":1}"#, "at: a time like 2026-03-01T09:30:00.000Z is expected"),
        (#"{"at":"2026-03-01T09:30:00Z","path":"p","count":"1"}"#, "count has the wrong type"), (#"{"at":null,"path":"p","count":1}"#, "at"), ("{", "not valid JSON"), ("", "not valid JSON"),
    ])
    func placesAreNamed(_ json: String, _ place: String) {
        do {
            _ = try WireJSON.decode(Value.self, from: Array(json.utf8))
            Issue.record("must not decode")
        } catch {
            #expect(WireJSON.place(of: error).hasPrefix(place), "\(WireJSON.place(of: error))")
        }
    }

    @Test func problemDocumentsKeepFurtherMembers() throws {
        let problem = ProblemDocument(status: 409, code: "busy", title: "Conflict", detail: "d", members: ["processId": "p-1", "status": "must not win"])
        let read = try WireJSON.decode(ProblemDocument.self, from: WireJSON.encode(problem))
        #expect(read.status == 409 && read.code == "busy" && read.type == "about:blank" && read.members == ["processId": "p-1"])
        let foreign = try WireJSON.decode(ProblemDocument.self, from: Array(#"{"status":500,"trace":{"a":1}}"#.utf8))
        #expect(foreign.code == "" && foreign.members == [:])
    }
}
