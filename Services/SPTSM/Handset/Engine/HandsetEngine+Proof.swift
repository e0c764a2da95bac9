import Foundation
import GlobalPlatform
import Provisioning
import SEIAPI
import TrustedServiceModel

/// Proof of card: no instance is revealed, created or changed before the component has answered its issuer's challenge (design section 4).
extension HandsetEngine {
    /// Candidates in the handset's order of preference: components whose issuer we know and which carries one of the profiles.
    func candidates(_ dialog: DialogRecord, profiles: Set<String>) async throws(TSMFailure) -> [ProofStage.Candidate] {
        var found: [ProofStage.Candidate] = []
        for (index, component) in dialog.components.enumerated() {
            guard let iin = component.iin, let issuer = try await issuers.issuer(iin: iin, profiles: profiles) else { continue }
            found.append(ProofStage.Candidate(component: index, issuerId: issuer.id))
        }
        return found
    }

    /// Asks the candidate at `stage.position` for its cryptogram.
    func askForProof(_ dialog: inout DialogRecord, _ given: ProofStage) async throws(TSMFailure) {
        var stage = given
        let candidate = stage.candidates[stage.position]
        let component = dialog.components[candidate.component]
        let issuer = try await issuers.client(candidate.issuerId)
        let challenge: SEI.EligibilityChallenge
        do throws(SEIError) {
            challenge = try await issuer.beginEligibility(SEI.EligibilityRequest(claim: SEI.ComponentClaim(
                issuerIdentificationNumber: component.iin.flatMap { try? HexBytes(hex: $0) },
                cardImageNumber: component.cin.flatMap { try? HexBytes(hex: $0) })))
        } catch {
            throw RunFailure(error).failure
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
        stage.eligibilityId = challenge.eligibilityId
        stage.commandCount = challenge.commands.count
        let piece = OrderPiece(session: 0, part: .whole, commands: challenge.commands,
                               steps: [OrderPiece.Step(name: "proof of card", first: 0, count: challenge.commands.count)])
        dialog.stage = .proving(stage)
        let order = OrderBuilder.order([piece], component: component.secureElement, start: nil, progressBefore: 0, progressAfter: 0, progress: nil)
        answer(&dialog, with: order)
    }

    /// Takes the evidence; goes on with the next candidate, or with what the proof was for.
    func takeProof(_ stage: ProofStage, _ report: SERAM.Report, _ dialog: inout DialogRecord, _ changes: inout DialogChanges) async throws(TSMFailure) {
        var stage = stage
        let candidate = stage.candidates[stage.position]
        let claim = dialog.components[candidate.component]
        do throws(TSMFailure) {
            let proven = try await verifyProof(stage, report, candidate, claim)
            changes.components.append(proven)
            stage.proven.append(proven.id)
            if try await satisfied(by: proven, stage: stage, &dialog, &changes) { return }
        } catch {
            // A process has one component and no other to try: its failure is the answer.
            if dialog.purpose.instanceId != nil { throw error }
            // One component's failure must not hide the next; the caller reads all reasons if none is left.
            guard [.secureComponentError, .noEligibleSecureComponent, .secureComponentInaccessible, .secureComponentChannelNotAvailable, .issuerError, .networkConnectionError].contains(error.category) else { throw error }
            stage.refusals.append("\(claim.reader): \(error.details)")
            if stage.position + 1 >= stage.candidates.count && stage.proven.isEmpty && stage.candidates.count == 1 { throw error }
        }
        stage.position += 1
        if stage.position < stage.candidates.count {
            try await askForProof(&dialog, stage)
        } else {
            try await exhausted(stage, &dialog, &changes)
        }
    }

    private func verifyProof(_ stage: ProofStage, _ report: SERAM.Report, _ candidate: ProofStage.Candidate, _ claim: HandsetAPI.Component) async throws(TSMFailure) -> ComponentRecord {
        let descriptor = try await issuers.descriptor(candidate.issuerId)
        if let failure = AgentFailure.failure(report, issuerName: descriptor.name) { throw failure }
        let layout = OrderLayout([OrderPiece(session: 0, part: .whole, commands: Array(repeating: HexBytes([]), count: stage.commandCount), steps: [])])
        let answers = try ReportSplitter.split(report, by: layout)[0]
        // The last reads may fail on cards that lack the data; what the evidence is worth is the issuer's to say.
        guard answers.count > 1 else {
            throw TSMFailure(.secureComponentInaccessible, "the issuer security domain of \(claim.reader) could not be read by this app")
        }
        let issuer = try await issuers.client(candidate.issuerId)
        let verdict: SEI.EligibilityVerdict
        do throws(SEIError) {
            verdict = try await issuer.submitEvidence(stage.eligibilityId, SEI.Evidence(responses: answers))
        } catch {
            throw RunFailure(error).failure
        }
        guard verdict.eligible, let component = verdict.secureComponent else {
            throw TSMFailure(.noEligibleSecureComponent, verdict.reason ?? "its issuer does not accept it")
        }
        // What an issuer says of its cards counts for the profiles that are its own, not for those that service providers chose of others.
        guard descriptor.secureComponentProfileIds.contains(component.profileId) else {
            throw TSMFailure(.noEligibleSecureComponent, "its issuer gives it a secure component profile that is not this issuer's")
        }
        guard settings.issuerSecurityDomains.contains(component.issuerSecurityDomain) else {
            throw TSMFailure(.issuerError, "the issuer names \(component.issuerSecurityDomain) as its security domain, which this TSM's operator does not know")
        }
        try requireAccepted(component)
        return ComponentRecord(id: ComponentRecord.id(issuer: candidate.issuerId, component: component.id), issuerId: candidate.issuerId,
                               claimKey: ComponentRecord.claimKey(iin: claim.iin, cin: claim.cin), component: component)
    }

    /// - Throws: 8 for a component that proves none of its answers, unless the operator accepts its profile.
    func requireAccepted(_ component: SEI.SecureComponent) throws(TSMFailure) {
        guard SCP03Parameter(rawValue: component.scpParameter).supportsResponseMAC || settings.acceptedUnprovenProfiles.contains(component.profileId) else {
            throw TSMFailure(.noEligibleSecureComponent, "it proves none of its answers (SCP03 without response MACs), which this TSM's operator does not accept for its secure component profile")
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
}
