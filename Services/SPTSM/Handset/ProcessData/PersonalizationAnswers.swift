import GlobalPlatform
import KeyVaultAPI
import Provisioning
import TrustedServiceModel

/// What applications answered to their PersonalizationScripts (TR-03165 4.2.3.11, 4.2.3.12). Commands are told without the SP app's values; the
/// answers' data goes to the SP app and is kept sealed alone.
struct PersonalizationAnswers: Codable, Sendable, Hashable {
    private(set) var results: [PersonalizationResult] = []

    var isEmpty: Bool { results.isEmpty }

    mutating func append(_ pair: CommandResponsePair, of application: AID) {
        let aid = Hex.encode(application.bytes)
        if let index = results.firstIndex(where: { $0.applicationInstanceAid == aid }) {
            results[index].results.append(pair)
        } else {
            results.append(PersonalizationResult(applicationInstanceAid: aid, results: [pair]))
        }
    }

    mutating func append(_ more: PersonalizationAnswers) {
        for result in more.results {
            if let index = results.firstIndex(where: { $0.applicationInstanceAid == result.applicationInstanceAid }) {
                results[index].results += result.results
            } else {
                results.append(result)
            }
        }
    }

    /// The answers to a session's commands, as far as they came.
    static func of(_ entries: [RunState.Entry], _ responses: [VerifiedResponse]) -> PersonalizationAnswers {
        var answers = PersonalizationAnswers()
        var at = 0
        for entry in entries {
            defer { at += entry.count }
            guard at + entry.count <= responses.count else { break }
            guard case .personalize(let instance) = entry.step, case .command(let label, let shown, _)? = entry.personalization else { continue }
            for response in responses[at..<(at + entry.count)] {
                let word = StatusWord(rawValue: response.statusWord).bytes
                answers.append(CommandResponsePair(tag: label, command: Hex.encode(shown.bytes), response: Hex.encode(response.data.bytes + word)), of: instance)
                // What the card was sent behind a refusal is nobody's result.
                if !StatusWord(rawValue: response.statusWord).allowsContinuation { return answers }
            }
        }
        return answers
    }

    /// Status words only: what may be stored.
    var withoutData: PersonalizationAnswers {
        var masked = self
        for result in masked.results.indices {
            for pair in masked.results[result].results.indices { masked.results[result].results[pair].response = String(masked.results[result].results[pair].response.suffix(4)) }
        }
        return masked
    }
}

extension HandsetAPI.DialogAnswer {
    /// The result with these answers in the place of the personalize command.
    func with(_ answers: PersonalizationAnswers) -> HandsetAPI.DialogAnswer {
        var answer = self
        switch result {
        case .deployed(let deployed)?: answer.result = .deployed(deployed.with(answers))
        case .updated(let updated)?: answer.result = .updated(updated.with(answers))
        default: break
        }
        return answer
    }
}

extension DeployServiceResult {
    fileprivate func with(_ answers: PersonalizationAnswers) -> DeployServiceResult {
        var result = self
        for index in result.serviceCommandResults.indices where result.serviceCommandResults[index].personalizationResults != nil {
            result.serviceCommandResults[index].personalizationResults = answers.results
        }
        return result
    }
}

extension RunState {
    mutating func note(_ more: PersonalizationAnswers) {
        guard !more.isEmpty else { return }
        var all = answers?.value ?? PersonalizationAnswers()
        all.append(more)
        answers = Unstored(all)
    }

    mutating func takeAnswers() -> PersonalizationAnswers {
        defer { answers = nil }
        return answers?.value ?? PersonalizationAnswers()
    }
}

extension DialogRecord {
    mutating func note(_ more: PersonalizationAnswers) {
        guard !more.isEmpty else { return }
        var all = answers ?? PersonalizationAnswers()
        all.append(more)
        answers = all
    }
}
