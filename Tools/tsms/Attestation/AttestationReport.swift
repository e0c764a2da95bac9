import Foundation
import GlobalPlatform
import Identity
import ServiceKit

/// What a token and its certificate say, for people and as JSON.
struct AttestationReport: Encodable, Sendable {
    struct Certificate: Encodable, Sendable {
        var subject: String
        var sha256: String
        var notBefore: String
        var notAfter: String
    }

    var tsm: String
    var process: String
    var flavor: String
    /// Of the service provider, where the token was asked to say it.
    var masterKeyIndex: String?
    var diversificationData: String?
    var keyIdentifier: String
    var certificate: Certificate

    init(_ token: AttestationToken, _ loaded: LoadedCertificate) {
        let content = token.content
        tsm = content.tsm.description
        process = content.processID.description
        flavor = content.flavorID.description
        masterKeyIndex = content.diversification?.masterKeyIndex.description
        diversificationData = content.diversification.map { Hex.encode($0.keyDiversificationData) }
        keyIdentifier = Hex.encode(content.subjectKeyIdentifier)
        certificate = Certificate(subject: loaded.subject, sha256: loaded.thumbprint, notBefore: WireDate.text(loaded.notBefore), notAfter: WireDate.text(loaded.notAfter))
    }

    var text: String {
        var lines = ["TSM                   \(tsm)", "process               \(process)", "Flavor                \(flavor)"]
        if let masterKeyIndex, let diversificationData {
            lines += ["master key            \(masterKeyIndex)", "diversification data  \(diversificationData)"]
        }
        lines += ["key identifier        \(keyIdentifier)", "certificate           \(certificate.subject), valid until \(certificate.notAfter)"]
        return lines.joined(separator: "\n")
    }
}
