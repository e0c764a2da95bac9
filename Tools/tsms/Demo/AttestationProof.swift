import GlobalPlatform
import SecureComponent

/// The attestation token as the SP app reads it from the applet, and its verification with nothing but the published certificate.
struct AttestationProof: Sendable {
    let token: AttestationToken

    /// Reads the token page by page (ticket applet: `80 12`, P1 P2 = offset, at most 240 bytes).
    init(readingFrom channel: any SecureComponent.Channel) async throws {
        let page = 240
        var bytes: [UInt8] = []
        while true {
            let command = CommandAPDU(cla: 0x80, ins: 0x12, p1: UInt8(bytes.count >> 8 & 0xFF), p2: UInt8(bytes.count & 0xFF), expectedLength: 256)
            let response = try await channel.transmit(command)
            guard response.statusWord.isSuccess else { throw ToolFailure("the applet answers \(response.statusWord) instead of its attestation token") }
            bytes += response.data
            guard response.data.count == page, bytes.count <= 4096 else { break }
        }
        guard !bytes.isEmpty else { throw ToolFailure("the applet holds no attestation token") }
        token = try AttestationToken(parsing: bytes)
    }

    /// - Parameter path: PEM of the published certificate.
    /// - Throws: ``ToolFailure`` when the signature is not that of the certificate's key, or the token says something else than expected.
    func verify(certificate path: String, tsm: String, process: String, flavor: String) throws {
        try AttestationVerification(certificate: path).verify(token, expecting: .init(tsm: tsm, process: process, flavor: flavor))
        // A verification that accepts everything would have passed so far.
        var altered = token.content
        altered.flavorID = token.content.processID
        let forged = try AttestationToken(content: altered, signature: token.signature)
        guard (try? AttestationVerification(certificate: path).verify(forged)) == nil else { throw ToolFailure("the signature also fits an altered token") }
    }
}
