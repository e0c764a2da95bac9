import GlobalPlatform
import KeyVaultAPI

extension VaultEngine {
    /// A report that was verified before gets the answer that it got then: whoever asked may have lost it.
    public func report(channel id: String, _ report: ChannelReport, _ caller: VaultCaller) async throws(KeyVaultError) -> VerifiedReport {
        try await transact(VaultCall(.reportChannel, caller.identity), caller) { work, call in try work.report(channel: id, report, &call) }
    }

    /// An operator has found out why authentications were not proven, and lets them begin anew.
    public func releaseAuthentications(_ reference: KeyReference, _ caller: VaultCaller) async throws(KeyVaultError) {
        try await transact(VaultCall(.releaseAuthentications, caller.identity, keys: [reference.name]), caller) { work, _ in
            if case .keySet(let id) = reference { _ = try KeySetRecord.require(id, work.db) }
            try AuthenticationCounter.reset(reference.name, work.db)
        }
    }
}

extension VaultWork {
    func report(channel id: String, _ report: ChannelReport, _ call: inout VaultCall) throws -> VerifiedReport {
        let record = try ChannelRecord.require(id, caller: caller.identity, db)
        (call.process, call.keys) = (record.process, [record.reference])
        guard record.state == .active || record.state == .stopped else {
            throw KeyVaultError(.wrongState, "channel \(id) is \(record.state == .closed ? "closed" : "still waiting for the card's challenge")")
        }
        let content = try record.content(sealer)
        let digest = try report.digest()
        if let last = content.lastReport, last.digest == digest, last.commandsWrapped == content.session?.counter {
            call.detail = "repeated: \(last.answer.outcome.rawValue)"
            return last.answer
        }
        let keys = try staticKeys(content.keys, for: .verifyReport, keyVersionNumber: nil)
        var verification = ReportVerification(keys: keys, content: content)
        let outcome = try verification.verify(report) { try provenCounter($0, keys, content.securityDomain) }
        var changed = verification.content
        let answer = VerifiedReport(outcome: outcome, sequenceCounter: changed.sequenceCounter, responses: verification.responses)
        changed.lastReport = ChannelContent.LastReport(digest: digest, commandsWrapped: changed.session?.counter ?? 0, answer: answer)
        // The card proved that it was another session that our EXTERNAL AUTHENTICATE met.
        let takesBack = outcome == .challengeMismatch && changed.isCounted
        if takesBack || verification.isSuccessProven { changed.isCounted = false }
        call.detail = "\(outcome.rawValue), \(report.responses.count) responses"
        if verification.isSuccessProven {
            try AuthenticationCounter.reset(record.reference, db)
        } else if takesBack {
            try AuthenticationCounter.takeBack(record.reference, db)
        }
        try record.update(state: verification.mayContinue ? .active : .stopped, sealed: try ChannelRecord.seal(changed, id: id, sealer), db)
        return answer
    }
}
