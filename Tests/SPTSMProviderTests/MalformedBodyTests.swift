import Foundation
import GlobalPlatform
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

@Suite struct MalformedBodyTests {
    static let noJSON: [String: [UInt8]] = [
        "nothing": [], "space": Array(" \n".utf8), "a brace": Array("{".utf8), "text": Array("name=x".utf8), "two documents": Array("{} {}".utf8),
        "a trailing comma": Array(#"{"name": "x",}"#.utf8), "a comment": Array(#"{"name": "x"} // x"#.utf8), "single quotes": Array("{'name': 'x'}".utf8),
        "NaN": Array(#"{"name": NaN}"#.utf8), "a number too large": Array(#"{"name": 1e999}"#.utf8), "a leading zero": Array(#"{"name": 01}"#.utf8),
        "a member twice": Array(#"{"name": "x", "name": "y"}"#.utf8), "a nested member twice": Array(#"{"featureConfig": {"keyIndex": "a", "keyIndex": "b"}}"#.utf8),
        "invalid UTF-8": Array(#"{"name": "x"#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8), "an overlong form": Array(#"{"name": ""#.utf8) + [0xC0, 0xAF] + Array(#""}"#.utf8),
        "half a surrogate pair": Array(#"{"name": "\ud800"}"#.utf8), "U+0000": Array(#"{"name": "a\u0000b"}"#.utf8), "a bare control character": Array("{\"name\": \"a\u{1}\"}".utf8),
        "UTF-16": [0xFF, 0xFE] + Array(#"{"name": "x"}"#.utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }, "a byte order mark": [0xEF, 0xBB, 0xBF] + Array("{}".utf8),
        "deep arrays": Array(repeating: UInt8(ascii: "["), count: 100_000), "deep objects": Array(String(repeating: #"{"a":"#, count: 10_000).utf8),
        "closed deep arrays": Array((String(repeating: "[", count: 500) + String(repeating: "]", count: 500)).utf8),
    ]

    /// Each operation with a JSON body × each body that is none: 1002, before anything is looked up.
    @Test func bodiesThatAreNoJSON() async throws {
        let plane = try await Plane()
        var cases = 0
        for operation in OperationTable.all where operation.body == .json {
            let path = operation.paths[0].description.replacing(#/\{[^}]*\}/#, with: "1.0.0")
            let method = try #require(HTTPRequest.Method(operation.method.rawValue))
            for (what, body) in Self.noJSON {
                let answer = try await plane.call(method, path, body: body)
                #expect(answer.status == 400 && answer.category == 1002, "\(operation.id), \(what): \(String(decoding: answer.body, as: UTF8.self))")
                cases += 1
            }
            for type in ["text/plain", "application/xml", "multipart/form-data; boundary=x", "", "application/x-www-form-urlencoded"] {
                let answer = try await plane.call(method, path, body: Array("{}".utf8), contentType: type)
                #expect(answer.category == 1002, "\(operation.id), \(type)")
            }
            for type in ["application/json; charset=utf-8", "application/problem+json", "APPLICATION/JSON"] {
                #expect(try await plane.call(method, path, body: Array("{".utf8), contentType: type).category == 1002)
            }
        }
        #expect(cases > 300)
    }

    @Test func numbersAndStringsAreReadAsJSONHasThem() throws {
        func read(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }
        #expect(try read(#" [0, -0, 12, -7, 1.0, 1e3, 0.5, -1.5E-1, 9223372036854775807, 92233720368547758080] "#)
            == .array([.integer(0), .integer(0), .integer(12), .integer(-7), .integer(1), .integer(1000), .number(0.5), .number(-0.15), .integer(.max), .number(92233720368547758080)]))
        #expect(try read(#""\u0041\n\"\\\/\ud83d\ude00ä""#) == .string("A\n\"\\/😀ä"))
        #expect(try read(#"{"a": [true, false, null], "b": {}}"#) == .object(["a": .array([.boolean(true), .boolean(false), .null]), "b": .object([:])]))
        for wrong in ["", "-", "1.", ".5", "+1", "0x10", "1e", "tru", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\ud800\\u0041\"", "[1 2]", "{\"a\" 1}", "{1: 2}", "]", "[,]"] {
            #expect(throws: JSONReader.Failure.self, "\(wrong)") { try read(wrong) }
        }
        var generator = SeededGenerator(state: 11)
        let seed = Array(#"{"name": "x\u00e4", "list": [1, 2.5, {"deep": null}], "flag": true}"#.utf8)
        for _ in 0..<5000 {
            var damaged = seed
            for _ in 0..<Int.random(in: 1...4, using: &generator) { damaged[Int.random(in: 0..<damaged.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator) }
            // Whatever is read can be written and read again.
            guard let value = try? JSONValue(parsing: damaged) else { continue }
            #expect(try JSONValue(encoding: value) == value)
        }
    }

    /// 100 MB that come piece by piece: refused with the right category, and never more of it held or even read than is needed.
    @Test func endlessBodies() async throws {
        let plane = try await Plane()
        for (method, path, type, head, category) in [
            (HTTPRequest.Method.post, "/services", "application/json", "{\"name\": \"", 1002),
            (.post, "/executable-load-files", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"elfFile\"; filename=\"a.cap\"\r\n\r\n", 1014),
            (.post, "/certificates", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"certFilename\"\r\n\r\n", 1014),
            (.get, "/services", "application/json", "", 1002),
        ] {
            let body = CountedBody(head: head, size: 100_000_000)
            let answer = try await plane.call(method, path, stream: RequestBody(asyncSequence: body), contentType: type)
            #expect(answer.status == 400 && answer.category == category, "\(path): \(String(decoding: answer.body, as: UTF8.self))")
            #expect(body.read.value.withLock { $0 } < 20_000_000, "\(path)")
        }
    }

    private struct CountedBody: AsyncSequence, Sendable {
        typealias Element = ByteBuffer
        let head: String
        let size: Int
        final class Count: Sendable { let value = Mutex(0) }
        let read = Count()

        struct Iterator: AsyncIteratorProtocol {
            let body: CountedBody
            var sent = 0
            mutating func next() async -> ByteBuffer? {
                guard sent < body.size else { return nil }
                let buffer = sent == 0 && !body.head.isEmpty ? ByteBuffer(string: body.head) : ByteBuffer(repeating: 0x61, count: 65_536)
                sent += buffer.readableBytes
                body.read.value.withLock { [sent] in $0 = sent }
                return buffer
            }
        }
        func makeAsyncIterator() -> Iterator { Iterator(body: self) }
    }
}
