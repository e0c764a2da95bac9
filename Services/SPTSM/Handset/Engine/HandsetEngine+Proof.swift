import Foundation
import GlobalPlatform
import Provisioning
import SEIAPI
import TrustedServiceModel

/// Proof of card: no instance is revealed, created or changed before the component has answered its issuer's challenge (design section 4).
extension HandsetEngine {
    /// Components of the handset whose issuer is known, each once, and why the others are none.
    ///
    /// - Parameters:
    ///   - profiles: where an IIN is shared, an issuer of one of these comes first.
    ///   - onlyThese: components of issuers that issue none of the profiles are left out.
    func candidates(_ dialog: DialogRecord, profiles: Set<String>, onlyThese: Bool = false) async throws(TSMFailure) -> (found: [ProofStage.Candidate], refusals: [EligibilityRefusal]) {
        var found: [ProofStage.Candidate] = []
        var refusals: [EligibilityRefusal] = []
        var claims: Set<String> = []
        for (index, component) in dialog.components.enumerated() {
            func refuse(_ reason: String) {
                refusals.append(EligibilityRefusal(reader: component.reader, failure: TSMFailure(.noEligibleSecureComponent, reason)))
            }
            guard claims.insert(ComponentRecord.claimKey(iin: component.iin, cin: component.cin)).inserted else { continue }
            guard let iin = component.iin else {
                refuse("it does not tell its issuer (GET DATA 42)")
                continue
            }
            guard let issuer = try await issuers.issuer(iin: iin, profiles: profiles) else {
                refuse("no issuer that this TSM works with has the issuer identification number \(iin.prefix(32))")
                continue
            }
            if onlyThese, profiles.isDisjoint(with: issuer.secureComponentProfileIds) {
                refuse("nothing of what is asked for is made for the components of its issuer \(issuer.name)")
                continue
            }
            found.append(ProofStage.Candidate(component: index, issuerId: issuer.id))
        }
        return (found, refusals)
    }

    /// Candidates that this device key has proven lately need no second proof.
    func proofStage(_ dialog: DialogRecord, _ candidates: [ProofStage.Candidate], refusals: [EligibilityRefusal] = []) async throws(TSMFailure) -> ProofStage {
        var stage = ProofStage(waiting: [], refusals: refusals)
        for candidate in candidates {
            if let component = try await provenComponent(dialog, dialog.components[candidate.component]) {
                stage.proven.append(ProofStage.Proven(component: candidate.component, id: component.id))
            } else {
                stage.waiting.append(candidate)
            }
        }
        return stage
    }

    /// Asks the component that a process or an update check is for, and no other.
    func askForProof(_ dialog: inout DialogRecord, of component: Int, issuer: String) async throws(TSMFailure) {
        var stage = ProofStage(waiting: [])
        let order = try await challenged(ProofStage.Candidate(component: component, issuerId: issuer), dialog)
        stage.asked = [order.asked]
        dialog.stage = .proving(stage)
        answer(&dialog, with: order.order)
    }

    /// Asks the candidates that wait, all at once where the agent can; with none left, ends the dialog by what is proven.
    func askForProofs(_ dialog: inout DialogRecord, _ given: ProofStage, _ changes: inout DialogChanges) async throws(TSMFailure) {
        var stage = given
        while !stage.waiting.isEmpty {
            let turn = dialog.provesTogether == true ? stage.waiting : [stage.waiting[0]]
            stage.waiting.removeFirst(turn.count)
            let asking = dialog
            let results = await sideBySide(turn) { candidate throws(TSMFailure) in try await self.challenged(candidate, asking) }
            var orders: [SERAM.Order] = []
            for (candidate, result) in zip(turn, results) {
                switch result {
                case .success(let challenge):
                    stage.asked.append(challenge.asked)
                    orders.append(challenge.order)
                case .failure(let failure):
                    try refuse(candidate, failure, dialog, &stage)
                }
            }
            guard let first = orders.first else { continue }
            dialog.stage = .proving(stage)
            answer(&dialog, with: first)
            if orders.count > 1 { dialog.nextAnswer?.alongside = Array(orders.dropFirst()) }
            return
        }
        try await judge(stage, &dialog, &changes)
    }

    /// Takes the evidence; goes on with what still waits, or with what the proof was for.
    func takeProof(_ given: ProofStage, _ report: SERAM.Report, _ dialog: inout DialogRecord, _ changes: inout DialogChanges) async throws(TSMFailure) {
        var stage = given
        let reports = [report] + (report.alongside ?? [])
        let turn = stage.asked.enumerated().map { (asked: $1, report: $0 < reports.count ? reports[$0] : nil) }
        stage.asked = []
        let reporting = dialog
        let results = await sideBySide(turn) { item throws(TSMFailure) in
            try await self.verifyProof(item.asked, item.report, reporting.components[item.asked.candidate.component])
        }
        for (item, result) in zip(turn, results) {
            switch result {
            case .success(let component):
                changes.components.append(component)
                // A process has one component and no other to try: its proof, or its failure, is the answer.
                if dialog.purpose.concernsOneInstance { return try await satisfied(by: component, &dialog, &changes) }
                stage.proven.append(ProofStage.Proven(component: item.asked.candidate.component, id: component.id))
            case .failure(let failure):
                if dialog.purpose.concernsOneInstance { throw failure }
                try refuse(item.asked.candidate, failure, dialog, &stage)
            }
        }
        if dialog.purpose.concernsOneInstance { throw TSMFailure(.executionInterrupted, "no secure component was asked for its proof; start the operation again") }
        try await askForProofs(&dialog, stage, &changes)
    }

    /// One component's failure must not hide the next; the caller reads all reasons if none is left.
    private func refuse(_ candidate: ProofStage.Candidate, _ failure: TSMFailure, _ dialog: DialogRecord, _ stage: inout ProofStage) throws(TSMFailure) {
        guard EligibilityOutcome.concernsOneComponent(failure.category) else { throw failure }
        stage.refusals.append(EligibilityRefusal(reader: dialog.components[candidate.component].reader, failure: failure))
    }

    /// The issuer's challenge for a component, as an order.
    private func challenged(_ candidate: ProofStage.Candidate, _ dialog: DialogRecord) async throws(TSMFailure) -> (asked: ProofStage.Asked, order: SERAM.Order) {
        let component = dialog.components[candidate.component]
        let descriptor = try await issuers.descriptor(candidate.issuerId)
        let issuer = try await issuers.client(candidate.issuerId)
        let challenge: SEI.EligibilityChallenge
        do throws(SEIError) {
            challenge = try await issuer.beginEligibility(SEI.EligibilityRequest(claim: SEI.ComponentClaim(
                issuerIdentificationNumber: component.iin.flatMap { try? HexBytes(hex: $0) },
                cardImageNumber: component.cin.flatMap { try? HexBytes(hex: $0) })))
        } catch {
            throw EligibilityOutcome.failure(error, issuerName: descriptor.name)
        }
        guard settings.issuerSecurityDomains.contains(challenge.issuerSecurityDomain) else {
            // What an issuer's script selects, it may talk to with the app's rights: only security domains that the operator named.
            throw TSMFailure(.issuerError, "the issuer names \(challenge.issuerSecurityDomain) as its security domain, which this TSM's operator does not know")
        }
        do throws(RunFailure) {
            try RelayedScript.check(challenge.commands, securityDomain: challenge.issuerSecurityDomain, mustSelect: true)
        } catch {
            throw error.failure
        }
        let piece = OrderPiece(session: 0, part: .whole, commands: challenge.commands,
                               steps: [OrderPiece.Step(name: "proof of card", first: 0, count: challenge.commands.count)])
        let order = OrderBuilder.order([piece], component: component.secureElement, start: nil, progressBefore: 0, progressAfter: 0, progress: nil)
        return (ProofStage.Asked(candidate: candidate, eligibilityId: challenge.eligibilityId, commandCount: challenge.commands.count), order)
    }

    /// - Parameter report: nil: the handset says nothing of this component.
    private func verifyProof(_ asked: ProofStage.Asked, _ report: SERAM.Report?, _ claim: HandsetAPI.Component) async throws(TSMFailure) -> ComponentRecord {
        let descriptor = try await issuers.descriptor(asked.candidate.issuerId)
        guard let report else { throw TSMFailure(.executionInterrupted, "the handset did not report on it") }
        if let failure = AgentFailure.failure(report, issuerName: descriptor.name) { throw failure }
        let layout = OrderLayout([OrderPiece(session: 0, part: .whole, commands: Array(repeating: HexBytes([]), count: asked.commandCount), steps: [])])
        let answers = try ReportSplitter.split(report, by: layout)[0]
        // The last reads may fail on cards that lack the data; what the evidence is worth is the issuer's to say.
        guard answers.count > 1 else {
            throw TSMFailure(.secureComponentInaccessible, "the issuer security domain of \(claim.reader.prefix(64)) could not be read by this app; its issuer \(descriptor.name) has to allow it")
        }
        let issuer = try await issuers.client(asked.candidate.issuerId)
        let verdict: SEI.EligibilityVerdict
        do throws(SEIError) {
            verdict = try await issuer.submitEvidence(asked.eligibilityId, SEI.Evidence(responses: answers))
        } catch {
            throw EligibilityOutcome.failure(error, issuerName: descriptor.name)
        }
        guard verdict.eligible, let component = verdict.secureComponent else {
            throw TSMFailure(.noEligibleSecureComponent, verdict.reason ?? "its issuer \(descriptor.name) does not accept it")
        }
        // What an issuer says of its cards counts for the profiles that are its own, not for those that service providers chose of others.
        guard descriptor.secureComponentProfileIds.contains(component.profileId) else {
            throw TSMFailure(.noEligibleSecureComponent, "its issuer \(descriptor.name) gives it a secure component profile that this TSM does not have, or not of this issuer")
        }
        guard settings.issuerSecurityDomains.contains(component.issuerSecurityDomain) else {
            throw TSMFailure(.issuerError, "the issuer names \(component.issuerSecurityDomain) as its security domain, which this TSM's operator does not know")
        }
        try requireAccepted(component)
        return ComponentRecord(id: ComponentRecord.id(issuer: asked.candidate.issuerId, component: component.id), issuerId: asked.candidate.issuerId,
                               claimKey: ComponentRecord.claimKey(iin: claim.iin, cin: claim.cin), component: component)
    }

    /// - Throws: 8 for a component that proves none of its answers, unless the operator accepts its profile.
    func requireAccepted(_ component: SEI.SecureComponent) throws(TSMFailure) {
        guard SCP03Parameter(rawValue: component.scpParameter).supportsResponseMAC || settings.acceptedUnprovenProfiles.contains(component.profileId) else {
            throw TSMFailure(.noEligibleSecureComponent, "it proves none of its answers (SCP03 without response MACs), which this TSM's operator does not accept for its secure component profile")
        }
    }

    /// Issuers are asked side by side: one that does not answer holds up no other.
    private func sideBySide<Item: Sendable, Value: Sendable>(_ items: [Item], _ body: @escaping @Sendable (Item) async throws(TSMFailure) -> Value) async -> [Result<Value, TSMFailure>] {
        @Sendable func result(_ item: Item) async -> Result<Value, TSMFailure> {
            do throws(TSMFailure) { return .success(try await body(item)) } catch { return .failure(error) }
        }
        if items.count == 1 { return [await result(items[0])] }
        return await withTaskGroup(of: (Int, Result<Value, TSMFailure>).self) { group in
            for (index, item) in items.enumerated() { group.addTask { (index, await result(item)) } }
            var results: [(Int, Result<Value, TSMFailure>)] = []
            for await one in group { results.append(one) }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}

extension DialogRecord.Purpose {
    /// One instance on one component: no other component is looked at.
    var concernsOneInstance: Bool {
        switch self {
        case .create, .query, .checkDeployment: false
        case .deploy, .update, .suspend, .terminate, .checkUpdate: true
        }
    }
}

/// What a local agent's own status says, in the TSM-API's categories.
enum AgentFailure {
    static func failure(_ report: SERAM.Report, issuerName: String) -> TSMFailure? {
        switch report.localAgentStatus.localAgentStatusEnum {
        case .processed, .polling: nil
        case .unavailableSE: TSMFailure(.secureComponentChannelNotAvailable, "the handset cannot open a channel to the secure component")
        case .ungrantedAccess:
            TSMFailure(.secureComponentInaccessible, "the secure component's access rules do not let this app in; its issuer \(issuerName) has to allow it")
        case .unknownFailure: TSMFailure(.executionInterrupted, "the handset could not carry out the order")
        }
    }

    /// Why a report ends early the agent itself may say: a channel that cannot be opened amid an order, a rule that is gone.
    static func explaining(_ failure: RunFailure, by report: SERAM.Report, issuerName: String) -> RunFailure {
        guard failure.failure.category == .executionInterrupted, let own = Self.failure(report, issuerName: issuerName), own.category != .executionInterrupted else { return failure }
        return RunFailure(own.category, "\(own.details); call the operation again: it continues from what the card really holds", command: failure.command)
    }
}
