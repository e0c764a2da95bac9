extension HeaderList {
    /// Whether a field concerns one connection only and must not be forwarded (RFC 9110, 7.6.1). `te` is dealt with apart.
    func isHopByHop(_ field: Field) -> Bool {
        switch field.nameLength {
        case 7: name(of: field, is: "upgrade")
        case 10: name(of: field, is: "connection") || name(of: field, is: "keep-alive")
        case 16: name(of: field, is: "proxy-connection")
        case 17: name(of: field, is: "transfer-encoding")
        case 18: name(of: field, is: "proxy-authenticate")
        case 19: name(of: field, is: "proxy-authorization")
        default: false
        }
    }

    /// The request's head as it goes to the upstream.
    func forwardedRequest(_ edits: HeaderEdits) -> HeaderList {
        var list = HeaderList()
        list.reserve(like: self)
        // One name for the host, not two that could differ: Host stands in where there is no :authority (RFC 9113, 8.3.1).
        if first(":authority") == nil, let host = value("host") { list.append(":authority", host) }
        for field in fields {
            if isPseudo(field) {
                if let path = edits.path, name(of: field, is: ":path") { list.append(":path", path) } else { list.append(field, of: self) }
                continue
            }
            // "expect" is answered here: the upstream gets the body as it comes.
            if isHopByHop(field) || name(of: field, is: "expect") || name(of: field, is: "host") || edits.concerns(field, of: self) { continue }
            if name(of: field, is: "te"), !valueBytes(of: field).elementsEqual("trailers".utf8) { continue }
            list.append(field, of: self)
        }
        for (name, value) in edits.set { list.append(name, value) }
        return list
    }

    /// The response's head as it goes to the client.
    func forwardedResponse(_ edits: HeaderEdits) -> HeaderList {
        var list = HeaderList()
        list.reserve(like: self)
        for field in fields {
            if isHopByHop(field) || edits.concerns(field, of: self) { continue }
            list.append(field, of: self)
        }
        for (name, value) in edits.set { list.append(name, value) }
        return list
    }

    /// Trailers without what must not be in them.
    func forwardedTrailers() -> HeaderList {
        var list = HeaderList()
        for field in fields where !isPseudo(field) && !isHopByHop(field) { list.append(field, of: self) }
        return list
    }
}
