import TrustedServiceModel

/// The three things that come as multipart uploads, with the names of their parts (TR-03165 4.1.6.5.2, 4.1.6.7.2, 4.1.6.8.2).
enum UploadKind: Sendable, Hashable {
    case loadFile, script, certificate

    var filePart: String {
        switch self {
        case .loadFile: "elfFile"
        case .script: "scriptFile"
        case .certificate: "certFile"
        }
    }

    var fileNamePart: String {
        switch self {
        case .loadFile: "elfFilename"
        case .script: "scriptFilename"
        case .certificate: "certFilename"
        }
    }

    /// Used when the client names the file nowhere: the attribute must not be empty.
    var standardFileName: String {
        switch self {
        case .loadFile: "load-file.cap"
        case .script: "script.pers"
        case .certificate: "certificate.pem"
        }
    }

    func limit(_ limits: ProviderLimits) -> Int {
        switch self {
        case .loadFile: limits.loadFile
        case .script: limits.script
        case .certificate: limits.certificate
        }
    }
}

/// What an upload brought, after the checks that do not look into the file.
struct UploadedFile: Sendable, Hashable {
    /// From the filename part, else from the file part's `filename`.
    var fileName: String?
    /// nil: only a new name came.
    var content: [UInt8]?

    /// - Parameter fileNeeded: creation; a change may bring the file, the name or both.
    /// - Throws: 1007, 1002, 1008, 1011, 1012, 1014, in this order.
    init(_ parts: [MultipartPart], as kind: UploadKind, limit: Int, fileNeeded: Bool) throws(GeneralError) {
        for part in parts where part.name != kind.filePart && part.name != kind.fileNamePart { throw .unknownAttribute(part.name) }
        let names = parts.filter { $0.name == kind.fileNamePart }
        let files = parts.filter { $0.name == kind.filePart }
        guard names.count <= 1 else { throw .invalidRequest("part \(kind.fileNamePart) occurs more than once") }
        var given: String?
        if let name = names.first, name.size > 0 {
            guard let text = String(validating: name.content, as: UTF8.self), name.size == name.content.count else {
                throw .invalidFormat("…", for: kind.fileNamePart, supported: "a string of at most 255 characters in UTF-8")
            }
            given = try Self.checked(text, kind)
        }
        if given == nil, let name = files.first?.fileName.map(Self.lastComponent), !name.isEmpty { given = try Self.checked(name, kind) }
        fileName = given
        guard files.count <= 1 else { throw .tooManyFiles }
        guard let file = files.first else {
            guard !fileNeeded, names.first?.size ?? 0 > 0 else { throw .missingFile }
            content = nil
            return
        }
        guard file.size > 0 else { throw .missingFile }
        guard file.size <= limit else { throw .fileTooLarge(file.size, maximum: limit) }
        content = file.content
    }

    private static func checked(_ text: String, _ kind: UploadKind) throws(GeneralError) -> String {
        guard text.unicodeScalars.count <= 255, !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw .invalidFormat(text, for: kind.fileNamePart, supported: "a string of at most 255 characters without control characters")
        }
        return text
    }

    /// Some clients send a whole path.
    private static func lastComponent(_ name: String) -> String {
        String(name.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last ?? "")
    }
}
