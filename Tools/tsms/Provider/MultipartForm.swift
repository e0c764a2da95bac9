/// A `multipart/form-data` body (RFC 7578).
struct MultipartForm: Sendable {
    private let boundary: String
    private var content: [UInt8] = []

    /// - Parameter boundary: must not occur in what is sent; a fresh UUID does not.
    init(boundary: String) { self.boundary = boundary }

    var contentType: String { "multipart/form-data; boundary=\(boundary)" }

    /// - Parameter fileName: whatever it is, it is nothing but a name: a quote and a backslash are escaped (RFC 9110, 5.6.4), controls are
    ///   percent-encoded, as browsers do.
    mutating func add(file bytes: [UInt8], named fileName: String, as field: String) {
        content += Array("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(field)\"; filename=\"\(Self.quoted(fileName))\"\r\nContent-Type: application/octet-stream\r\n\r\n".utf8)
        content += bytes + [0x0D, 0x0A]
    }

    /// A plain field; its content may be anything.
    mutating func add(text: String, as field: String) {
        content += Array("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(field)\"\r\n\r\n\(text)\r\n".utf8)
    }

    /// Whether a name stands in a `filename` parameter as it is. Clients differ in how they write others, so those travel in a part of their own.
    static func isPlain(_ fileName: String) -> Bool { fileName.unicodeScalars.allSatisfy { (" "..."~").contains($0) && $0 != "\"" && $0 != "\\" && $0 != "%" } }

    private static func quoted(_ fileName: String) -> String {
        var result = ""
        for scalar in fileName.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: result += "%" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16, uppercase: true)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    var body: [UInt8] { content + Array("--\(boundary)--\r\n".utf8) }
}

/// The kinds of files that are uploaded, with what distinguishes them on the wire.
enum UploadKind: String, CaseIterable, Sendable {
    case loadFile, script, certificate

    var path: String {
        switch self {
        case .loadFile: "/executable-load-files"
        case .script: "/personalization-scripts"
        case .certificate: "/certificates"
        }
    }

    /// The part with the file.
    var part: String {
        switch self {
        case .loadFile: "elfFile"
        case .script: "scriptFile"
        case .certificate: "certFile"
        }
    }

    /// The part with the file's name.
    var namePart: String {
        switch self {
        case .loadFile: "elfFilename"
        case .script: "scriptFilename"
        case .certificate: "certFilename"
        }
    }

    var words: String {
        switch self {
        case .loadFile: "load file"
        case .script: "script"
        case .certificate: "certificate"
        }
    }
}
