import GlobalPlatform
import KeyVaultAPI
import SEIAPI

/// One plain command of a session, with what its answer means.
struct PlannedCommand: Codable, Sendable, Hashable {
    enum Purpose: Codable, Sendable, Hashable {
        /// Changes the card; its success needs no reading.
        case action
        /// PUT KEY of a new domain's first keys: must answer with their version and check values.
        case firstKeys(AID, answer: HexBytes)
        /// DELETE of a security domain: success under R-MAC proves that it is gone.
        case deletion(AID)
        /// DELETE of an access rule: success under R-MAC proves that it is gone, "not found" proves nothing.
        case ruleRemoval(SEI.AccessRule)
        /// GET STATUS of a domain that was just made: must name it.
        case proofOfDomain(AID)
        /// GET STATUS of the ISD itself: proves, through R-MAC and the C-MAC chain, that the card took all that went before.
        case proofOfSession
        /// GET STATUS asked for by the SP TSM.
        case status(AID)
        /// List of all applications, after a bare "not found": an error status word has no R-MAC, but a list without the AIDs has.
        case absence([AID])
    }

    /// For people: what the command is part of.
    var step: String
    var command: ChannelCommand
    var purpose: Purpose
    /// Status words that stop the order although the goal is reached: what was to be deleted is not there, the rule is there already.
    var tolerated: [UInt16]

    init(step: String, command: ChannelCommand, purpose: Purpose = .action, tolerated: [UInt16] = []) {
        self.step = step
        self.command = command
        self.purpose = purpose
        self.tolerated = tolerated
    }

    init(step: String, apdu: CommandAPDU, purpose: Purpose = .action, tolerated: [UInt16] = []) {
        self.init(step: step, command: .apdu(HexBytes(apdu.bytes)), purpose: purpose, tolerated: tolerated)
    }

    func tolerates(_ statusWord: UInt16) -> Bool { tolerated.contains(statusWord) }

    /// Instruction byte of the command that the card sees, for the meaning of its status words.
    var instruction: UInt8? {
        switch command {
        case .apdu(let apdu): apdu.bytes.count > 1 ? apdu.bytes[1] : nil
        case .putKey: Instruction.putKey
        case .storeFirstKeys, .storeAttestationToken, .storeEncrypted: Instruction.storeData
        }
    }

    /// Its answer may ask for another page.
    var isListing: Bool { if case .absence = purpose { true } else { false } }

    /// For steps that read the registry only, repeating is harmless and nothing is lost when they are left out.
    var isProofOnly: Bool { purpose == .proofOfSession }
}
