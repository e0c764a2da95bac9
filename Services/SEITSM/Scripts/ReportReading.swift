import GlobalPlatform
import KeyVaultAPI
import SEIAPI

/// What follows from a report that the key vault verified. Pure.
struct ReportReading: Sendable, Hashable {
    enum Verdict: Sendable, Hashable {
        case verified
        /// The card's challenge was another than foreseen, and nothing took effect.
        case challengeMismatch
        /// The order stopped at a status word that reaches the goal; these commands are left, in a new session.
        case reopen([PlannedCommand])
        /// The session stays open for the next page of the registry.
        case nextPage(of: [AID])
        /// Step, status word in words, what to do.
        case failed(String)
    }

    var verdict: Verdict
    var effects: SessionEffects

    /// - Parameters:
    ///   - layout: C-APDUs of each planned command.
    ///   - effects: what earlier reports of the session have shown.
    ///   - authentication: what EXTERNAL AUTHENTICATE was answered with, where it is in this report.
    static func read(_ report: VerifiedReport, plan: [PlannedCommand], layout: [Int], component: Component, effects: SessionEffects,
                     authentication: StatusWord? = nil) -> ReportReading {
        var reader = Reader(component: component, effects: effects, authentication: authentication)
        let verdict = reader.verdict(report, plan: plan, layout: layout)
        return ReportReading(verdict: verdict, effects: reader.effects)
    }
}

private struct Reader {
    let component: Component
    var effects: SessionEffects
    let authentication: StatusWord?

    mutating func verdict(_ report: VerifiedReport, plan: [PlannedCommand], layout: [Int]) -> ReportReading.Verdict {
        switch report.outcome {
        case .challengeMismatch: return .challengeMismatch
        case .cardCryptogramMismatch:
            return .failed("open the secure channel: the card does not hold the issuer's keys of version \(component.keyVersionNumber); check the component in the inventory")
        case .authenticationRefused:
            let answer = authentication.map { " with \($0), \($0.explanation(ins: Instruction.externalAuthenticate))" } ?? ""
            return .failed("authenticate: the card refused the issuer's cryptogram\(answer); start a new dialog with a fresh reading of the sequence counter")
        case .complete, .responseMACMismatch, .stopped: break
        }
        var remaining = report.responses[...]
        for (index, (planned, count)) in zip(plan, layout).enumerated() {
            let answers = remaining.prefix(count)
            remaining = remaining.dropFirst(answers.count)
            if report.outcome == .responseMACMismatch, let unproven = answers.first(where: { !$0.proven }) {
                return .failed("\(planned.step): the answer \(StatusWord(rawValue: unproven.statusWord)) carries no valid R-MAC, so the card's state is not known; read the registry")
            }
            guard let last = answers.last else {
                return .failed("\(planned.step): the order ended before this step, so the card's state is not known; read the registry")
            }
            let statusWord = StatusWord(rawValue: last.statusWord)
            guard statusWord.allowsContinuation else {
                return stopped(at: planned, last, rest: Array(plan.dropFirst(index + 1)))
            }
            if component.secureChannel.hasResponseMAC, let bare = answers.first(where: { !$0.proven }) {
                return .failed("\(planned.step): the answer \(StatusWord(rawValue: bare.statusWord)) carries no R-MAC, so the card's state is not known; read the registry")
            }
            guard answers.count == count else {
                return .failed("\(planned.step): the order ended within this step, so the card's state is not known; read the registry")
            }
            if let verdict = note(planned, last, isLast: index == plan.count - 1) { return verdict }
        }
        return .verified
    }

    /// A command that succeeded; a verdict only where the walk cannot go on.
    private mutating func note(_ planned: PlannedCommand, _ answer: VerifiedResponse, isLast: Bool) -> ReportReading.Verdict? {
        switch planned.purpose {
        case .action, .ruleRemoval, .proofOfSession: return nil
        case .deletion(let aid):
            effects.gone(aid, proven: answer.proven)
            return nil
        case .status(let aid):
            effects.read(aid, answer.data.bytes)
            return nil
        case .firstKeys(let aid, let expected):
            guard answer.data == expected else {
                return .failed("\(planned.step): the card reports other key check values than those of the keys that were put; delete the security domain and start again")
            }
            effects.keyed.append(aid)
            return nil
        case .proofOfDomain(let aid):
            guard let page = page(answer) else { return unreadable(planned) }
            guard let entry = page.entry(aid), entry.securityDomainState?.isSelectable ?? true else {
                return .failed("\(planned.step): the registry does not show security domain \(aid) as selectable; delete it and start again")
            }
            effects.made.append(aid)
            if component.firstKeys == .storeData { effects.keyed.append(aid) }
            return nil
        case .absence(let aids):
            guard let page = page(answer) else { return unreadable(planned) }
            if let present = aids.first(where: { page.entry($0) != nil }) {
                return .failed("\(planned.step): the card says that \(present) was not found, and lists it; start a new dialog")
            }
            if page.hasMore {
                return isLast ? .nextPage(of: aids) : .failed("\(planned.step): the registry does not fit one page; start a new dialog")
            }
            for aid in aids { effects.gone(aid, proven: answer.proven) }
            return nil
        }
    }

    private mutating func stopped(at planned: PlannedCommand, _ answer: VerifiedResponse, rest: [PlannedCommand]) -> ReportReading.Verdict {
        let statusWord = StatusWord(rawValue: answer.statusWord)
        guard planned.tolerates(answer.statusWord) else {
            let meaning = statusWord.explanation(ins: planned.instruction)
            return .failed("\(planned.step): the card answered \(statusWord), \(meaning)")
        }
        switch planned.purpose {
        case .deletion(let aid):
            return .reopen(RegistryListing.appended(to: rest, provingAbsenceOf: aid))
        case .status(let aid):
            effects.read(aid, [])
            return .reopen(RegistryListing.appended(to: rest, provingAbsenceOf: aid))
        case .absence(let aids):
            // The access rule application is in every such list: an empty one is not the card's word.
            guard component.accessRuleApplication == nil else {
                return .failed("\(planned.step): the card's list of applications did not come back; start a new dialog")
            }
            for aid in aids { effects.gone(aid, proven: false) }
            return rest.isEmpty ? .verified : .reopen(rest)
        case .ruleRemoval(let rule):
            guard component.secureChannel.hasResponseMAC else { return .reopen(rest) }
            do throws(SEIError) {
                return .reopen(try AccessRuleScript.provingRemoval(of: rule, before: rest, component: component))
            } catch {
                return .failed("\(planned.step): \(error.reason)")
            }
        case .action, .firstKeys, .proofOfDomain, .proofOfSession:
            // 63xx carries an R-MAC: then what is left would prove nothing more.
            if answer.proven && rest.allSatisfy(\.isProofOnly) { return .verified }
            return .reopen(rest)
        }
    }

    private func page(_ answer: VerifiedResponse) -> GetStatusPage? {
        try? GetStatusPage(parsing: ResponseAPDU(data: answer.data.bytes, statusWord: StatusWord(rawValue: answer.statusWord)))
    }

    private func unreadable(_ planned: PlannedCommand) -> ReportReading.Verdict {
        .failed("\(planned.step): the card's answer to GET STATUS cannot be read; the issuer's support needs the journal of this dialog")
    }
}
