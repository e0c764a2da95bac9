import GlobalPlatform
import KeyVaultAPI

/// Reads a report against a channel: pure, so that the same report gives the same answer whenever it is read.
struct ReportVerification {
    let keys: SCP03StaticKeys
    var content: ChannelContent

    /// As it was before the report.
    private let original: ChannelContent
    private(set) var responses: [VerifiedResponse] = []
    /// Whether the card and, under R-MAC, its answers have proven that our EXTERNAL AUTHENTICATE succeeded.
    private(set) var isSuccessProven = false
    /// Whether more commands may be wrapped: the card got all there were, and said nothing that ends the session.
    private(set) var mayContinue = false

    init(keys: SCP03StaticKeys, content: ChannelContent) {
        self.keys = keys
        self.content = content
        original = content
    }

    /// Where the card answers in a way that is none (no status word, wrong length), there is nothing to judge: `invalidRequest`.
    mutating func verify(_ report: ChannelReport, provenCounter: (InitializeUpdateResponse) throws -> HexBytes?) throws -> VerifiedReport.Outcome {
        guard let state = content.session else { throw KeyVaultError(.wrongState, "the channel has not been authenticated yet") }
        guard report.responses.count <= state.pendingResponses.count else {
            throw KeyVaultError(.invalidRequest, "\(report.responses.count) responses came and \(state.pendingResponses.count) are awaited")
        }
        var session = try SCP03HostSession(resuming: state, staticKeys: keys)
        if !content.isHostAccepted {
            if let outcome = try verifyOpening(report, &session, provenCounter) {
                // Nothing was learned of what the wrapped commands did: they stay due.
                return outcome
            }
        } else if report.initializeUpdateResponse != nil || report.externalAuthenticateResponse != nil {
            throw KeyVaultError(.invalidRequest, "the channel's first report has been verified already: only responses to further commands are due")
        }
        return try verifyResponses(report.responses.map(\.bytes), &session)
    }

    /// The card's answers to INITIALIZE UPDATE and EXTERNAL AUTHENTICATE; nil when both are as they should be.
    private mutating func verifyOpening(
        _ report: ChannelReport, _ session: inout SCP03HostSession, _ provenCounter: (InitializeUpdateResponse) throws -> HexBytes?
    ) throws -> VerifiedReport.Outcome? {
        if content.isPredicted {
            guard let bytes = report.initializeUpdateResponse?.bytes else {
                guard report.externalAuthenticateResponse == nil, report.responses.isEmpty else {
                    throw KeyVaultError(.invalidRequest, "the answer to INITIALIZE UPDATE is missing from the channel's first report")
                }
                return .stopped
            }
            let answer = try ResponseAPDU(bytes: bytes)
            guard answer.statusWord.isSuccess else {
                responses = [VerifiedResponse(statusWord: answer.statusWord.rawValue, data: HexBytes([]), proven: false)]
                return .stopped
            }
            let response = try InitializeUpdateResponse(answer)
            guard response.parameter.isS16 == session.parameter.isS16, response.keyVersionNumber == content.keyVersionNumber,
                  try SCP03HostSession.verifies(response, hostChallenge: session.hostChallenge, staticKeys: keys)
            else { return .cardCryptogramMismatch }
            content.sequenceCounter = try provenCounter(response)
            guard response.cardChallenge == session.cardChallenge else { return .challengeMismatch }
        } else if report.initializeUpdateResponse != nil {
            throw KeyVaultError(.invalidRequest, "the answer to INITIALIZE UPDATE was verified when the channel was authenticated")
        }
        guard let bytes = report.externalAuthenticateResponse?.bytes else {
            guard report.responses.isEmpty else { throw KeyVaultError(.invalidRequest, "the answer to EXTERNAL AUTHENTICATE is missing") }
            return .stopped
        }
        guard try ResponseAPDU(bytes: bytes).statusWord.isSuccess else { return .authenticationRefused }
        content.isHostAccepted = true
        // Without R-MAC this is all that the card will ever say of it.
        isSuccessProven = !session.level.contains(.responseMAC)
        return nil
    }

    private mutating func verifyResponses(_ report: [[UInt8]], _ session: inout SCP03HostSession) throws -> VerifiedReport.Outcome {
        let hasMAC = session.level.contains(.responseMAC)
        var hasStopped = false
        for (number, bytes) in report.enumerated() {
            let answer = try ResponseAPDU(bytes: bytes)
            let status = answer.statusWord
            // A bare 6300 or an agent's 62F1 is a refusal without proof, as an error is.
            let isBareRefusal = answer.data.isEmpty && (status == .authenticationFailed || status == .responseTruncated)
            do {
                let plain = try session.unwrap(answer)
                let proven = hasMAC && (status.isSuccess || status.isWarning)
                if proven { isSuccessProven = true }
                responses.append(VerifiedResponse(statusWord: status.rawValue, data: HexBytes(plain.data), proven: proven))
            } catch SCP03Error.responseMACMissing where isBareRefusal {
                // 62F1 would otherwise allow to go on, and anybody could put it in place of a refusal: nothing may be built on it.
                hasStopped = true
                responses.append(VerifiedResponse(statusWord: status.rawValue, data: HexBytes([]), proven: false))
            } catch {
                if case .cryptography = error { throw error }
                // All from here on may be anybody's: shown by its status word, without data. The whole report may be given again.
                content.session = original.session
                content.isHostAccepted = original.isHostAccepted
                for rest in report[number...] {
                    responses.append(VerifiedResponse(statusWord: try ResponseAPDU(bytes: rest).statusWord.rawValue, data: HexBytes([]), proven: false))
                }
                return .responseMACMismatch
            }
            if !status.allowsContinuation { hasStopped = true }
        }
        content.session = session.exportedState
        mayContinue = session.pendingResponses.isEmpty
        return hasStopped || !session.pendingResponses.isEmpty ? .stopped : .complete
    }
}
