import Cryptography
import Foundation
import GlobalPlatform
import KeyVaultAPI

/// What the vault keeps of a channel, sealed: no keys, but all that it takes beside them to go on and to verify what the card answers.
struct ChannelContent: Codable, Sendable {
    var keys: KeyReference
    var keyVersionNumber: UInt8
    var securityDomain: AID
    var parameter: UInt8
    var level: UInt8
    var hostChallenge: HexBytes
    var isPredicted: Bool
    /// Nil until the card challenge is known or predicted.
    var session: SCP03HostSession.State?
    /// The card's counter, as far as its answer has proven it.
    var sequenceCounter: HexBytes?
    /// Whether a report has shown that EXTERNAL AUTHENTICATE was accepted.
    var isHostAccepted = false
    /// Whether this channel's EXTERNAL AUTHENTICATE still stands in the authentication counter.
    var isCounted = false
    /// The last report and what was found, so that a repeated one gets the same answer.
    var lastReport: LastReport?

    struct LastReport: Codable, Sendable {
        var digest: HexBytes
        /// Commands wrapped when it came: after more commands an equal report is another one.
        var commandsWrapped: UInt64
        var answer: VerifiedReport
    }
}

extension ChannelReport {
    /// SHA-256 over all parts with their lengths.
    func digest() throws(CryptographyError) -> HexBytes {
        var bytes: [UInt8] = []
        for part in [initializeUpdateResponse, externalAuthenticateResponse] + responses.map(Optional.some) {
            let length = part.map { UInt32($0.bytes.count) } ?? .max
            for shift in stride(from: 24, through: 0, by: -8) as StrideThrough<UInt32> { bytes.append(UInt8(truncatingIfNeeded: length >> shift)) }
            bytes += part?.bytes ?? []
        }
        return HexBytes(try HashFunction.sha256.digest(of: bytes))
    }
}
