import Testing

@testable import SPTSMProvider

@Suite struct MultipartParserTests {
    private static let type = "multipart/form-data; boundary=\(Part.boundary)"

    private func parse(_ body: [UInt8], type: String = type, maximum: Int = 1000, chunk: Int = .max) throws -> [MultipartPart] {
        var parser = try MultipartParser(contentType: type, maximumContent: maximum)
        var rest = body[...]
        while !rest.isEmpty {
            let piece = rest.prefix(chunk)
            try parser.append(piece)
            rest = rest.dropFirst(piece.count)
        }
        return try parser.finish()
    }

    @Test(arguments: [1, 2, 3, 7, 50, Int.max]) func partsComeOutWhateverThePieces(_ chunk: Int) throws {
        let content: [UInt8] = Array("\r\n--almost\r\n----boundary4".utf8) + [0, 13, 10, 45, 45, 255]
        let parts = try parse(Part.encode([.text("elfFilename", "ä.cap"), .file("elfFile", content, fileName: #"C:\x\"y.cap"#), .file("empty", [])]), chunk: chunk)
        #expect(parts.map(\.name) == ["elfFilename", "elfFile", "empty"])
        #expect(String(decoding: parts[0].content, as: UTF8.self) == "ä.cap")
        #expect(parts[1].content == content)
        #expect(parts[1].fileName == #"C:\x"y.cap"#)
        #expect(parts[2].size == 0)
    }

    @Test func contentBeyondTheLimitIsCountedNotKept() throws {
        let parts = try parse(Part.encode([.file("elfFile", Array(repeating: 7, count: 5000))]), maximum: 100, chunk: 64)
        #expect(parts[0].content.count == 100)
        #expect(parts[0].size == 5000)
    }

    @Test func quotedBoundaryAndEpilogueAreAccepted() throws {
        let parts = try parse(Part.encode([.text("a", "b")]) + Array("epilogue".utf8), type: "Multipart/Form-Data; charset=utf-8; BOUNDARY=\"\(Part.boundary)\"")
        #expect(parts.count == 1)
    }

    @Test(arguments: ["application/json", "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=a", "multipart/form-data; boundary=\"a \""])
    func otherContentTypesAreRefused(_ type: String) {
        #expect(throws: MultipartError.self) { try parse(Part.encode([.text("a", "b")]), type: type) }
    }

    @Test func everyTruncationIsAnError() throws {
        let whole = Part.encode([.text("elfFilename", "a.cap"), .file("elfFile", [1, 2, 3])])
        // The last two bytes are the line end after the closing boundary.
        for length in 0..<whole.count - 2 {
            #expect(throws: MultipartError.self) { try parse(Array(whole.prefix(length))) }
        }
    }

    @Test func malformedPartsAreErrors() {
        func body(_ headers: String) -> [UInt8] { Array("--\(Part.boundary)\r\n\(headers)\r\n\r\nx\r\n--\(Part.boundary)--\r\n".utf8) }
        for headers in ["X: y", "Content-Disposition: attachment; name=\"a\"", "Content-Disposition: form-data", "no colon",
                        "Content-Disposition: form-data; name=\"a\"\r\nContent-Type: multipart/mixed; boundary=b",
                        "Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64",
                        "Content-Disposition: form-data; name=\"a\"\r\nX: \(String(repeating: "y", count: 5000))"] {
            #expect(throws: MultipartError.self) { try parse(body(headers)) }
        }
        #expect(throws: MultipartError.self) { try parse(Array("preamble\r\n".utf8) + body("Content-Disposition: form-data; name=\"a\"")) }
        #expect(throws: MultipartError.self) { try parse(Part.encode((0..<17).map { .text("p\($0)", "") })) }
    }

    /// Names as clients write them: quotes and backslashes escaped (curl, ours), Windows paths bare (old browsers), percent signs as they are: what
    /// a browser means by %22 and what a file is really called cannot be told apart, and a part with the name says it exactly.
    @Test(arguments: [
        (#""a\"b\\c.cap""#, #"a"b\c.cap"#), (#""C:\dir\x.cap""#, #"C:\dir\x.cap"#), (#""a%22b%0D%0A.cap""#, "a%22b%0D%0A.cap"), (#""a;b=c.cap""#, "a;b=c.cap"), ("plain.cap", "plain.cap"),
        (#""open"#, "open"), (#""""#, ""), (#""a\"#, #"a\"#),
    ]) func fileNames(_ written: String, _ name: String) throws {
        let head = "--\(Part.boundary)\r\nContent-Disposition: form-data; name=\"elfFile\"; filename=\(written)\r\n\r\nx\r\n--\(Part.boundary)--\r\n"
        #expect(try parse(Array(head.utf8)).map(\.fileName) == [name])
    }

    @Test func headersAreTextInLines() {
        for header in ["Content-Disposition: form-data; name=\"a\"; filename=\"x\ny\"", "Content-Disposition: form-data; name=\"a\"; filename=\"x\ry\"", "Content-Disposition: form-data; name=\"a\u{0}\"",
                       "Content-Disposition: form-data; name=\"a\"\nX: y", "Content-Disposition: form-data; name=\"a\u{1B}[0m\""] {
            #expect(throws: MultipartError.self, "\(header)") { try parse(Array("--\(Part.boundary)\r\n\(header)\r\n\r\nx\r\n--\(Part.boundary)--\r\n".utf8)) }
        }
        let latin = Array("--\(Part.boundary)\r\nContent-Disposition: form-data; name=\"a\"; filename=\"gr".utf8) + [0xF6] + Array("sse\"\r\n\r\nx\r\n--\(Part.boundary)--\r\n".utf8)
        #expect(throws: MultipartError.self) { try parse(latin) }
    }

    @Test func randomBytesNeverPassOrCrash() {
        var generator = SeededGenerator(state: 42)
        for _ in 0..<300 {
            var body = Part.encode([.text("elfFilename", "a.cap"), .file("elfFile", [1, 2, 3])])
            for _ in 0..<Int.random(in: 1...8, using: &generator) { body[Int.random(in: 0..<body.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator) }
            do {
                let parts = try parse(body, chunk: Int.random(in: 1...40, using: &generator))
                #expect(parts.count <= 2)
            } catch {
                #expect(error is MultipartError)
            }
        }
    }
}

/// SplitMix64: the same numbers on every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
