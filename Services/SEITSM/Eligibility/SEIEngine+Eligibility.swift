import Foundation
import GlobalPlatform
import KeyVaultAPI
import SEIAPI
import ServiceKit

extension SEIEngine {
    /// Checks of one component by one SP TSM that may wait for their answer. A handset that names somebody else's component as its own cannot keep
    /// that one out: the oldest go, and an honest check is answered within seconds.
    static let maximumUnansweredChecks = 64

    /// - Throws: `unknownSecureComponent`, also for components of profiles that are not in the caller's contract.
    func beginEligibility(_ request: SEI.EligibilityRequest, _ spTsm: String) async throws(SEIError) -> SEI.EligibilityChallenge {
        let profiles = try contract(of: spTsm).profiles
        guard let iin = request.claim.issuerIdentificationNumber, let cin = request.claim.cardImageNumber else {
            throw SEIError(.unknownSecureComponent, "a component is found by its issuer identification number (tag 42) and card image number (tag 45); both are needed")
        }
        let id = Component.id(issuerIdentificationNumber: iin, cardImageNumber: cin)
        guard let component = try await read({ db in try ComponentTable.find(id, db) }), profiles.contains(component.profileId),
              component.issuerIdentificationNumber == iin else {
            throw SEIError(.unknownSecureComponent, "the issuer does not know a component \(id), or not under your contract")
        }
        let challenge: HostChallenge
        do {
            let length = component.secureChannel.hasSixteenByteMode ? 16 : 8
            challenge = try await vault.hostChallenge(HostChallengeRequest(keyVersionNumber: component.keyVersionNumber, length: length))
        } catch {
            throw refusal(error, while: "draw a challenge")
        }
        let record = EligibilityRecord(
            id: environment.uuid(), spTsm: spTsm, componentId: id, challengeId: challenge.challengeId,
            commands: EligibilityScript.commands(component, initializeUpdate: challenge.initializeUpdate),
            expiresAt: now().addingTimeInterval(settings.eligibilityValidity), used: false)
        let journal = JournalRecord(at: now(), componentId: id, spTsm: spTsm, subject: record.id, session: nil, kind: .script, apdus: record.commands, note: nil)
        try await write { db in
            try EligibilityTable.insert(record, db)
            try journal.insert(db)
            try EligibilityTable.forgetUnanswered(component: id, spTsm: spTsm, keeping: Self.maximumUnansweredChecks, db)
        }
        return SEI.EligibilityChallenge(eligibilityId: record.id, issuerSecurityDomain: component.issuerSecurityDomain, commands: record.commands,
                                        expiresAt: WireDate.text(record.expiresAt))
    }

    /// Serves once, whatever comes of it; the same evidence again gets the same verdict and changes nothing.
    /// - Throws: `cardCryptogramMismatch` for a component without the issuer's keys, `invalidRequest` for evidence that came before or too late.
    func submitEvidence(_ id: String, _ evidence: SEI.Evidence, _ spTsm: String) async throws(SEIError) -> SEI.EligibilityVerdict {
        _ = try contract(of: spTsm)
        let digest = try digest(of: evidence)
        var record = try await eligibility(id, spTsm)
        await turns.enter(record.componentId)
        defer { turns.leave(record.componentId) }
        record = try await eligibility(id, spTsm)
        if let verdict = record.verdict, record.evidenceDigest == digest { return verdict }
        let componentId = record.componentId
        let at = now()
        let journal = JournalRecord(at: at, componentId: record.componentId, spTsm: spTsm, subject: id, session: nil, kind: .results, apdus: evidence.responses,
                                    note: nil)
        let component = try await write { db -> Component in
            guard try EligibilityTable.use(id, db) else { throw SEIError(.invalidRequest, "eligibility check \(id) was answered before; begin a new one") }
            try journal.insert(db)
            guard let component = try ComponentTable.find(componentId, db) else { throw SEIError(.unknownSecureComponent, "the component is no longer known") }
            return component
        }
        guard at < record.expiresAt else { throw SEIError(.invalidRequest, "eligibility check \(id) has expired; begin a new one") }
        let reader = try EvidenceReader(component: component, evidence: evidence, commandCount: record.commands.count)
        let proof = try await proven(component, challenge: record.challengeId, response: reader.initializeUpdateResponse())
        let verdict = verdict(component, proof, reader)
        let outcome = JournalRecord(at: now(), componentId: component.id, spTsm: spTsm, subject: id, session: nil, kind: .outcome, apdus: [],
                                    note: verdict.reason ?? "eligible")
        try await write { db in
            if verdict.eligible { try ComponentTable.recordProof(component: component.id, spTsm: spTsm, at: at, db) }
            if let counter = proof.sequenceCounter.flatMap({ SequenceCounter(bytes: $0.bytes) })?.value {
                try ComponentTable.change(component.id, db) { $0.sequenceCounter = counter }
            }
            try EligibilityTable.saveVerdict(verdict, id: id, digest: digest, db)
            try outcome.insert(db)
        }
        return verdict
    }

    private func eligibility(_ id: String, _ spTsm: String) async throws(SEIError) -> EligibilityRecord {
        guard let record = try await read({ db in try EligibilityTable.find(id, spTsm: spTsm, db) }) else {
            throw SEIError(.notFound, "no eligibility check \(id)")
        }
        return record
    }

    private func proven(_ component: Component, challenge: String, response: HexBytes) async throws(SEIError) -> VerifyCryptogramAnswer {
        let request = VerifyCryptogramRequest(challengeId: challenge, initializeUpdateResponse: response, securityDomain: component.issuerSecurityDomain,
                                              candidates: [component.keys])
        let answer: VerifyCryptogramAnswer
        do {
            answer = try await vault.verifyCryptogram(request)
        } catch {
            if error.code == .invalidRequest { throw SEIError(.invalidRequest, "the answer to INITIALIZE UPDATE cannot be read: \(error.reason)") }
            throw refusal(error, while: "verify the card's cryptogram")
        }
        guard answer.matched != nil else {
            logger.warning("a component failed to prove itself", metadata: ["component": "\(component.id)"])
            throw SEIError(.cardCryptogramMismatch, "the component does not hold the issuer's keys: it is not the one that it says it is")
        }
        return answer
    }

    private func verdict(_ component: Component, _ proof: VerifyCryptogramAnswer, _ reader: EvidenceReader) -> SEI.EligibilityVerdict {
        var published = component.published
        if component.secureChannel.hasPseudoRandomChallenge { published.sequenceCounter = proof.sequenceCounter }
        func refused(_ reason: String) -> SEI.EligibilityVerdict {
            SEI.EligibilityVerdict(eligible: false, reason: reason, secureComponent: published)
        }
        if component.blocked { return refused("the issuer has blocked this component") }
        let correct = "; the issuer has to correct its inventory"
        if proof.scpParameter != component.scpParameter {
            return refused("the component opens SCP03 with i=\(Hex.encode([proof.scpParameter])), and the inventory says \(Hex.encode([component.scpParameter]))" + correct)
        }
        if proof.keyVersionNumber != component.keyVersionNumber {
            return refused("the component used keys of version \(proof.keyVersionNumber), and the inventory says \(component.keyVersionNumber)" + correct)
        }
        if proof.keyDiversificationData != component.keyDiversificationData {
            return refused("the component's key diversification data is not the inventory's" + correct)
        }
        if component.secureChannel.hasPseudoRandomChallenge && proof.sequenceCounter == nil {
            return refused("the component's challenge does not come from its sequence counter, as i=\(Hex.encode([component.scpParameter])) promises")
        }
        if let difference = reader.difference() { return refused("the component is proven, but " + difference + correct) }
        return SEI.EligibilityVerdict(eligible: true, reason: nil, secureComponent: published)
    }
}
