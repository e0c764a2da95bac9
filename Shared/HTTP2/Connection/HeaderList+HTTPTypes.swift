import HTTPTypes

extension HeaderList {
    /// A response's head; connection-specific fields are left out.
    init(response: HTTPResponse, leavingOutContentLength: Bool = false) {
        self.init()
        reserve(fields: response.headerFields.count + 2)
        if response.status.code == 200 { append(":status", "200") } else { append(":status", String(response.status.code)) }
        append(fields: response.headerFields, leavingOutContentLength: leavingOutContentLength)
    }

    /// A request's head; what the request leaves open comes from the origin.
    init(request: HTTPRequest, authority: String) {
        self.init()
        reserve(fields: request.headerFields.count + 5)
        append(":method", request.method.rawValue)
        append(":scheme", request.scheme ?? "https")
        append(":authority", request.authority ?? authority)
        append(":path", request.path.flatMap { $0.isEmpty ? nil : $0 } ?? "/")
        append(fields: request.headerFields, leavingOutContentLength: false)
    }

    init(trailers: HTTPFields) {
        self.init()
        append(fields: trailers, leavingOutContentLength: true)
    }

    private mutating func append(fields: HTTPFields, leavingOutContentLength: Bool) {
        for field in fields {
            let name = field.name.canonicalName
            switch HeaderField(name) {
            case .connectionSpecific, .host: break
            case .contentLength: if !leavingOutContentLength { append(name, field.value, isSensitive: false) }
            case .credential: append(name, field.value, isSensitive: true)
            case .other: append(name, field.value, isSensitive: false)
            }
        }
    }

    /// The request that this head stands for, or nil if its method or a name is no token.
    func makeRequest() -> HTTPRequest? {
        var method: HTTPRequest.Method?
        var scheme: String?
        var authority: String?
        var path: String?
        var regular = HTTPFields()
        regular.reserveCapacity(fields.count)
        for field in fields {
            if isPseudo(field) {
                if name(of: field, is: ":method") { method = HTTPRequest.Method(rawValue: valueText(of: field)) }
                else if name(of: field, is: ":scheme") { scheme = valueText(of: field) }
                else if name(of: field, is: ":authority") { authority = valueText(of: field) }
                else if name(of: field, is: ":path") { path = valueText(of: field) }
                continue
            }
            guard appendRegular(field, to: &regular) else { return nil }
        }
        guard let method else { return nil }
        return HTTPRequest(method: method, scheme: scheme, authority: authority, path: path, headerFields: regular)
    }

    /// The fields without pseudo fields, or nil if a name is no token.
    func makeFields() -> HTTPFields? {
        var regular = HTTPFields()
        for field in fields where !isPseudo(field) {
            guard appendRegular(field, to: &regular) else { return nil }
        }
        return regular
    }

    private func appendRegular(_ field: Field, to fields: inout HTTPFields) -> Bool {
        guard let name = withNameBytes(of: field, HeaderField.known) ?? HTTPField.Name(parsed: nameText(of: field)) else { return false }
        fields.append(HTTPField(name: name, value: valueText(of: field)))
        return true
    }
}
