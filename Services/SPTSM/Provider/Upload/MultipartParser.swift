/// Why a multipart body cannot be read; always the sender's fault.
struct MultipartError: Error, Hashable, Sendable {
    /// Without a full stop.
    let reason: String
}

/// One part of a `multipart/form-data` body (RFC 7578).
struct MultipartPart: Hashable, Sendable {
    let name: String
    /// The `filename` parameter, also for a part that is a plain field.
    let fileName: String?
    /// At most as much as the parser keeps.
    var content: [UInt8]
    /// Bytes that came, kept or not.
    var size: Int
}

/// Takes a `multipart/form-data` body apart as it arrives (RFC 2046 section 5.1, RFC 7578). Content beyond the limit is counted, not kept,
/// so the memory used is bounded by the limit whatever is sent. Strict: CRLF line ends, each part with a Content-Disposition of
/// `form-data` and a name, no nested multipart, nothing before the first boundary, headers in UTF-8 without control characters.
struct MultipartParser: Sendable {
    private enum State {
        /// Before the first boundary.
        case start
        case headers
        case content
        /// After the closing boundary.
        case end
    }

    static let maximumHeaderBytes = 4096
    static let maximumParts = 16

    private let delimiter: [UInt8]
    /// Most bytes kept of one part's content.
    private let maximumContent: Int
    private var state = State.start
    private var buffer: [UInt8] = []
    private var parts: [MultipartPart] = []

    /// - Parameter contentType: the request's, with the boundary parameter.
    init(contentType: String, maximumContent: Int) throws(MultipartError) {
        let fields = HeaderParameters(contentType)
        guard fields.value == "multipart/form-data" else { throw MultipartError(reason: "the content type must be multipart/form-data") }
        guard let boundary = fields.parameters["boundary"], (1...70).contains(boundary.utf8.count), boundary.utf8.allSatisfy({ (0x20...0x7E).contains($0) }),
              boundary.last != " " else { throw MultipartError(reason: "the multipart boundary is missing or not allowed by RFC 2046") }
        delimiter = Array("\r\n--\(boundary)".utf8)
        self.maximumContent = maximumContent
    }

    mutating func append(_ bytes: some Sequence<UInt8>) throws(MultipartError) {
        // The first delimiter has no line before it.
        if case .start = state, buffer.isEmpty { buffer = [0x0D, 0x0A] }
        buffer += bytes
        while try step() {}
    }

    /// All parts, in order.
    consuming func finish() throws(MultipartError) -> [MultipartPart] {
        guard case .end = state else { throw MultipartError(reason: "the multipart body ends before its closing boundary") }
        return parts
    }

    /// - Returns: whether there may be more to do with what is buffered.
    private mutating func step() throws(MultipartError) -> Bool {
        switch state {
        case .start:
            guard let rest = try afterDelimiter(at: 0) else {
                guard delimiter.starts(with: buffer.prefix(delimiter.count)) else { throw MultipartError(reason: "the multipart body does not begin with its boundary") }
                return false
            }
            enter(rest)
            return true
        case .headers: return try readHeaders()
        case .content: return try readContent()
        case .end:
            buffer = []
            return false
        }
    }

    /// Where the delimiter line at an offset ends and whether it was the closing one; nil when more bytes are needed, or no delimiter is there.
    private func afterDelimiter(at offset: Int) throws(MultipartError) -> (next: Int, closing: Bool)? {
        guard buffer.count >= offset + delimiter.count + 2, buffer[offset..<offset + delimiter.count].elementsEqual(delimiter) else { return nil }
        let end = offset + delimiter.count
        switch (buffer[end], buffer[end + 1]) {
        case (0x2D, 0x2D): return (end + 2, true)
        case (0x0D, 0x0A): return (end + 2, false)
        default: throw MultipartError(reason: "a multipart boundary is not followed by a line end")
        }
    }

    private mutating func enter(_ rest: (next: Int, closing: Bool)) {
        buffer.removeFirst(rest.next)
        state = rest.closing ? .end : .headers
    }

    private mutating func readHeaders() throws(MultipartError) -> Bool {
        guard let end = buffer.firstRange(of: [0x0D, 0x0A, 0x0D, 0x0A]) else {
            guard buffer.count <= Self.maximumHeaderBytes else { throw MultipartError(reason: "the headers of a part are too long") }
            return false
        }
        guard end.lowerBound <= Self.maximumHeaderBytes else { throw MultipartError(reason: "the headers of a part are too long") }
        guard parts.count < Self.maximumParts else { throw MultipartError(reason: "the multipart body has more than \(Self.maximumParts) parts") }
        guard let headers = String(validating: buffer[..<end.lowerBound], as: UTF8.self) else { throw MultipartError(reason: "the headers of a part are not in UTF-8") }
        parts.append(try Self.part(headers: headers))
        buffer.removeFirst(end.upperBound)
        state = .content
        return true
    }

    private mutating func readContent() throws(MultipartError) -> Bool {
        if let found = buffer.firstRange(of: delimiter) {
            keep(found.lowerBound)
            guard let rest = try afterDelimiter(at: 0) else { return false }
            enter(rest)
            return true
        }
        // The tail may be the beginning of a delimiter.
        keep(max(0, buffer.count - delimiter.count + 1))
        return false
    }

    private mutating func keep(_ count: Int) {
        guard count > 0, !parts.isEmpty else { return }
        let last = parts.count - 1
        let room = max(0, maximumContent - parts[last].content.count)
        parts[last].content += buffer.prefix(min(count, room))
        parts[last].size += count
        buffer.removeFirst(count)
    }

    private static func part(headers: String) throws(MultipartError) -> MultipartPart {
        var disposition: HeaderParameters?
        for line in headers.split(separator: "\r\n") {
            // Somebody else's parser may take a bare CR or LF for the line's end, and read another header behind it.
            guard !line.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\t" || $0.value == 0x7F }) else { throw MultipartError(reason: "the headers of a part contain a control character") }
            guard let colon = line.firstIndex(of: ":") else { throw MultipartError(reason: "a part has a header line without a colon") }
            let name = line[..<colon].lowercased()
            let value = String(line[line.index(after: colon)...])
            switch name {
            case "content-disposition":
                guard disposition == nil else { throw MultipartError(reason: "a part has two Content-Disposition headers") }
                disposition = HeaderParameters(value)
            case "content-type":
                guard !HeaderParameters(value).value.hasPrefix("multipart/") else { throw MultipartError(reason: "nested multipart is not supported") }
            case "content-transfer-encoding":
                let encoding = HeaderParameters(value).value
                guard ["binary", "8bit", "7bit"].contains(encoding) else { throw MultipartError(reason: "the content transfer encoding \(encoding.prefix(20)) is not supported") }
            default: break
            }
        }
        guard let disposition, disposition.value == "form-data", let name = disposition.parameters["name"], !name.isEmpty else {
            throw MultipartError(reason: "a part has no Content-Disposition: form-data with a name")
        }
        return MultipartPart(name: name, fileName: disposition.parameters["filename"], content: [], size: 0)
    }
}

extension Array where Element == UInt8 {
    /// The first occurrence, by a search for the pattern's first byte.
    func firstRange(of pattern: [UInt8]) -> Range<Int>? {
        guard let first = pattern.first, count >= pattern.count else { return nil }
        var offset = 0
        let last = count - pattern.count
        while offset <= last, let found = self[offset...last].firstIndex(of: first) {
            if self[found..<found + pattern.count].elementsEqual(pattern) { return found..<found + pattern.count }
            offset = found + 1
        }
        return nil
    }
}
