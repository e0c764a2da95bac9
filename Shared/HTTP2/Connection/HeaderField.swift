import HTTPTypes

/// What a header field's name means for passing the field on. Most names are told apart by their length alone.
enum HeaderField {
    /// Of hop-by-hop meaning, forbidden in HTTP/2 (RFC 9113, 8.2.2); `te` may say "trailers".
    case connectionSpecific
    case host
    case contentLength
    /// Never enters a peer's HPACK table (RFC 7541, 7.1).
    case credential
    case other

    /// - Parameter name: in lower case.
    init(_ name: String) {
        switch name.utf8.count {
        case 4: self = name == "host" ? .host : name == "dpop" ? .credential : .other
        case 7: self = name == "upgrade" ? .connectionSpecific : .other
        case 10: self = name == "connection" || name == "keep-alive" ? .connectionSpecific : name == "set-cookie" ? .credential : .other
        case 13: self = name == "authorization" ? .credential : .other
        case 14: self = name == "content-length" ? .contentLength : .other
        case 16: self = name == "proxy-connection" ? .connectionSpecific : .other
        case 17: self = name == "transfer-encoding" ? .connectionSpecific : .other
        case 19: self = name == "proxy-authorization" ? .credential : .other
        default: self = .other
        }
    }

    /// The name of a frequent request or response field without parsing it anew, nil for any other.
    static func known(_ bytes: UnsafeBufferPointer<UInt8>) -> HTTPField.Name? {
        func equals(_ text: StaticString) -> Bool {
            guard bytes.count == text.utf8CodeUnitCount else { return false }
            let pointer = text.utf8Start
            for index in 0..<bytes.count where bytes[index] != pointer[index] { return false }
            return true
        }
        switch bytes.count {
        case 4: return equals("date") ? .date : equals("dpop") ? dpop : nil
        case 6: return equals("accept") ? .accept : nil
        case 10: return equals("user-agent") ? .userAgent : nil
        case 11: return equals("traceparent") ? traceparent : nil
        case 12: return equals("content-type") ? .contentType : nil
        case 13: return equals("authorization") ? .authorization : nil
        case 14: return equals("content-length") ? .contentLength : nil
        case 15: return equals("accept-encoding") ? .acceptEncoding : nil
        default: return nil
        }
    }

    private static let dpop = HTTPField.Name("dpop")
    private static let traceparent = HTTPField.Name("traceparent")
}
