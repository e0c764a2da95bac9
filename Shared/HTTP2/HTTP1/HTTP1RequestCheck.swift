import NIOHTTP1

/// Why an HTTP/1.1 request is refused; `status` is what the client is told.
struct HTTP1Refusal: Error, Hashable, Sendable {
    let status: Int
    let reason: String
}

/// Turns the head of an HTTP/1.1 request into the header section HTTP/2 would have, and refuses whatever two parsers
/// could read in two ways (RFC 9112, 11.2). The parser below refuses obs-fold, bare CR, and bad names and values already.
enum HTTP1RequestCheck {
    static func headerList(_ head: HTTPRequestHead, maximumSize: Int) -> Result<HeaderList, HTTP1Refusal> {
        do throws(HTTP1Refusal) { return .success(try check(head, maximumSize: maximumSize)) } catch { return .failure(error) }
    }

    private static func check(_ head: HTTPRequestHead, maximumSize: Int) throws(HTTP1Refusal) -> HeaderList {
        guard head.version == .http1_1 || head.version == .http1_0 else { throw HTTP1Refusal(status: 505, reason: "version \(head.version)") }
        try checkFraming(head)
        guard head.method != .CONNECT else { throw HTTP1Refusal(status: 405, reason: "CONNECT") }
        let hosts = head.headers["host"]
        guard hosts.count == 1 || (hosts.isEmpty && head.version == .http1_0) else { throw HTTP1Refusal(status: 400, reason: "\(hosts.count) Host fields") }
        let target = try split(head.uri, method: head.method)
        // In absolute form the target names the host, whatever the Host field says (RFC 9112, 3.2.2).
        let authority = target.authority ?? hosts.first ?? ""
        guard isAuthority(authority) else { throw HTTP1Refusal(status: 400, reason: "Host is no authority") }
        guard target.path.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "#") }) else {
            throw HTTP1Refusal(status: 400, reason: "target with forbidden characters")
        }

        var named: [String] = []
        for value in head.headers["connection"] { named += value.split(separator: ",").map { $0.trimmed.lowercased() } }
        var list = HeaderList()
        list.append(":method", head.method.rawValue)
        list.append(":scheme", "https")
        list.append(":authority", authority)
        list.append(":path", target.path)
        for (name, value) in head.headers {
            let lower = name.lowercased()
            guard isToken(lower), isFieldValue(value) else { throw HTTP1Refusal(status: 400, reason: "header field \(lower.prefix(32)) is malformed") }
            if lower == "host" || HeaderField(lower) == .connectionSpecific || lower == "http2-settings" || named.contains(lower) { continue }
            if lower == "te" {
                if value.lowercased() == "trailers" { list.append("te", "trailers") }
                continue
            }
            list.append(lower, value)
            guard list.size <= maximumSize else { throw HTTP1Refusal(status: 431, reason: "header section of more than \(maximumSize) bytes") }
        }
        return list
    }

    /// One way to tell where the body ends, or none at all.
    private static func checkFraming(_ head: HTTPRequestHead) throws(HTTP1Refusal) {
        let encodings = head.headers["transfer-encoding"]
        let lengths = head.headers["content-length"]
        guard encodings.isEmpty || lengths.isEmpty else { throw HTTP1Refusal(status: 400, reason: "Transfer-Encoding and Content-Length") }
        if !encodings.isEmpty {
            guard encodings.count == 1, encodings[0].lowercased() == "chunked", head.version == .http1_1 else {
                throw HTTP1Refusal(status: 501, reason: "Transfer-Encoding other than chunked")
            }
        }
        guard lengths.count <= 1 else { throw HTTP1Refusal(status: 400, reason: "several Content-Length fields") }
        if let length = lengths.first {
            guard !length.isEmpty, length.utf8.count <= 18, length.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                throw HTTP1Refusal(status: 400, reason: "Content-Length is no number")
            }
        }
    }

    private static func split(_ target: String, method: HTTPMethod) throws(HTTP1Refusal) -> (authority: String?, path: String) {
        if target.hasPrefix("/") { return (nil, target) }
        if target == "*", method == .OPTIONS { return (nil, "*") }
        for scheme in ["https://", "http://"] where target.lowercased().hasPrefix(scheme) {
            let rest = target.dropFirst(scheme.count)
            let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            let path = rest[end...]
            return (String(rest[..<end]), path.isEmpty ? "/" : path.hasPrefix("?") ? "/" + path : String(path))
        }
        throw HTTP1Refusal(status: 400, reason: "target in no known form")
    }

    private static func isAuthority(_ text: String) -> Bool {
        // host[:port] only: no user information, no path, nothing that could end a line.
        text.utf8.count <= 255
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"),
                    UInt8(ascii: "%"):
                    true
                default: false
                }
            }
    }

    private static func isToken(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    private static func isFieldValue(_ value: String) -> Bool { value.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 } }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var slice = self
        while let first = slice.first, first == " " || first == "\t" { slice.removeFirst() }
        while let last = slice.last, last == " " || last == "\t" { slice.removeLast() }
        return slice
    }
}
