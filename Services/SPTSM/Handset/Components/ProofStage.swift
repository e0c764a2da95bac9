import TrustedServiceModel

/// Proof of card: a cryptogram of each component that the purpose needs (design section 4). Agents that run orders for several components before one
/// report are asked for all of them at once, others for one after the other.
struct ProofStage: Codable, Sendable {
    struct Candidate: Codable, Sendable, Hashable {
        /// Index into the handshake's components.
        var component: Int
        var issuerId: String
    }

    /// A candidate with its issuer's challenge, which is in the outstanding order.
    struct Asked: Codable, Sendable, Hashable {
        var candidate: Candidate
        var eligibilityId: String
        var commandCount: Int
    }

    struct Proven: Codable, Sendable, Hashable {
        /// Index into the handshake's components.
        var component: Int
        /// `ComponentRecord.id`.
        var id: String
    }

    /// Still to be asked for.
    var waiting: [Candidate]
    var asked: [Asked] = []
    var proven: [Proven] = []
    /// Why components of the handset are none of those looked for.
    var refusals: [EligibilityRefusal] = []

    init(waiting: [Candidate], proven: [Proven] = [], refusals: [EligibilityRefusal] = []) {
        self.waiting = waiting
        self.proven = proven
        self.refusals = refusals
    }

    /// A dialog that an earlier version of this software began says this otherwise, and is not understood: its report finds nobody asked, and the call
    /// is begun again.
    init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        waiting = try keys.decodeIfPresent([Candidate].self, forKey: .waiting) ?? []
        asked = try keys.decodeIfPresent([Asked].self, forKey: .asked) ?? []
        proven = (try? keys.decodeIfPresent([Proven].self, forKey: .proven)) ?? []
        refusals = (try? keys.decodeIfPresent([EligibilityRefusal].self, forKey: .refusals)) ?? []
    }
}
