/// A `multipart/form-data` body (RFC 7578).
struct MultipartForm: Sendable {
    private let boundary: String
    private var content: [UInt8] = []

    /// - Parameter boundary: must not occur in what is sent; a fresh UUID does not.
    init(boundary: String) { self.boundary = boundary }

    var contentType: String { "multipart/form-data; boundary=\(boundary)" }

    /// - Parameter fileName: without quotes and line ends.
    mutating func add(file bytes: [UInt8], named fileName: String, as field: String) {
        content += Array("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(field)\"; filename=\"\(fileName)\"\r\nContent-Type: application/octet-stream\r\n\r\n".utf8)
        content += bytes + [0x0D, 0x0A]
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

    var words: String {
        switch self {
        case .loadFile: "load file"
        case .script: "script"
        case .certificate: "certificate"
        }
    }
}
