import ServiceKit

/// Where the keys are: `backend`, and for the software backend `rootKeyFile` or `rootKeyShares`.
public enum RootKeyConfiguration: Sendable, Hashable {
    /// `backend: software` (or nothing) and `rootKeyFile`: 32 bytes that nobody else may read. Missing: the vault starts sealed.
    case file(String)
    /// `backend: software` and `rootKeyShares: {threshold: 3, count: 5}`: the vault starts sealed, and its custodians open it.
    case shares(threshold: Int, count: Int)
    /// `backend: {pkcs11: {…}}`.
    case token(TokenConfiguration)

    /// `backend`.
    enum Backend: Decodable {
        case software
        case pkcs11(TokenConfiguration)

        private enum CodingKeys: String, CodingKey { case pkcs11 }

        init(from decoder: any Decoder) throws {
            if let name = try? decoder.singleValueContainer().decode(String.self) {
                guard name == BackendName.software.rawValue else {
                    throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "software, or {pkcs11: {module: …, tokenLabel: …, pinFile: …}} is expected"))
                }
                self = .software
            } else {
                self = .pkcs11(try decoder.container(keyedBy: CodingKeys.self).decode(TokenConfiguration.self, forKey: .pkcs11))
            }
        }
    }

    /// `rootKeyShares`.
    struct Shares: Decodable {
        let threshold: Int
        let count: Int
    }

    init(backend: Backend, file: String?, shares: Shares?, codingPath: [any CodingKey]) throws {
        func wrong(_ text: String) -> DecodingError { .dataCorrupted(.init(codingPath: codingPath, debugDescription: text)) }
        switch (backend, file, shares) {
        case (.software, .some(let file), nil): self = .file(file)
        case (.software, nil, .some(let shares)):
            guard shares.threshold >= 2, shares.threshold <= shares.count, shares.count <= 32 else {
                throw wrong("rootKeyShares: a threshold of 2 or more and at most 32 shares, not fewer than the threshold, are expected")
            }
            self = .shares(threshold: shares.threshold, count: shares.count)
        case (.software, _, _): throw wrong("one of rootKeyFile and rootKeyShares is expected")
        case (.pkcs11(let token), nil, nil): self = .token(token)
        case (.pkcs11, _, _): throw wrong("with a PKCS #11 backend the root key is in the token: leave rootKeyFile and rootKeyShares out")
        }
    }

    /// - Throws: `TokenFailure` `module`.
    func source() throws -> RootKeySource {
        switch self {
        case .file(let path): .file(path)
        case .shares(let threshold, let count): .shares(threshold: threshold, count: count)
        case .token(let token): .token(try token.token(), rootKeyLabel: token.rootKeyLabel)
        }
    }
}
