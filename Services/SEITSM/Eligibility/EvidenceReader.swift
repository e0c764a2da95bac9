import GlobalPlatform
import SEIAPI

/// Compares what a component says of itself with the inventory. Pure.
///
/// The cryptogram proves the component; this finds components whose entry in the inventory is wrong, or that changed in the field.
struct EvidenceReader {
    let component: Component
    private let answers: [EligibilityScript.Part: ResponseAPDU]

    /// - Throws: `invalidRequest` when the evidence is not the answers to the check's commands.
    init(component: Component, evidence: SEI.Evidence, commandCount: Int) throws(SEIError) {
        self.component = component
        let parts = EligibilityScript.parts(component)
        guard commandCount == parts.count, evidence.responses.count <= commandCount else {
            throw SEIError(.invalidRequest, "\(evidence.responses.count) responses came to \(commandCount) commands")
        }
        var answers: [EligibilityScript.Part: ResponseAPDU] = [:]
        for (part, response) in zip(parts, evidence.responses) {
            guard response.bytes.count <= 258 else { throw SEIError(.invalidRequest, "a response has \(response.bytes.count) bytes") }
            do {
                answers[part] = try ResponseAPDU(bytes: response.bytes)
            } catch {
                throw SEIError(.invalidRequest, "a response is no R-APDU: \(error)")
            }
        }
        self.answers = answers
    }

    /// The answer to INITIALIZE UPDATE.
    /// - Throws: `notEligible`, with the step at which the component stopped.
    func initializeUpdateResponse() throws(SEIError) -> HexBytes {
        guard let select = answers[.select] else { throw SEIError(.invalidRequest, "the evidence is empty") }
        guard select.statusWord.allowsContinuation else {
            throw SEIError(.notEligible, "the issuer security domain cannot be selected: \(Self.words(select.statusWord, Instruction.select))")
        }
        guard let answer = answers[.initializeUpdate] else {
            // An agent stops where the component refuses.
            guard let (part, last) = lastAnswer, !last.statusWord.allowsContinuation else {
                throw SEIError(.invalidRequest, "the evidence ends before INITIALIZE UPDATE; run all commands of the check")
            }
            throw SEIError(.notEligible, "the component refused to tell its \(part.name): \(Self.words(last.statusWord, Instruction.getData))")
        }
        guard answer.statusWord.isSuccess else {
            throw SEIError(.notEligible, "the component refused INITIALIZE UPDATE: \(Self.words(answer.statusWord, Instruction.initializeUpdate))")
        }
        return HexBytes(answer.bytes)
    }

    private var lastAnswer: (EligibilityScript.Part, ResponseAPDU)? {
        EligibilityScript.parts(component).last { answers[$0] != nil }.flatMap { part in answers[part].map { (part, $0) } }
    }

    private static func words(_ statusWord: StatusWord, _ instruction: UInt8) -> String { "\(Hex.encodeUpperCase(statusWord.bytes)), \(statusWord.explanation(ins: instruction))" }

    /// What differs from the inventory, in words; nil where all fits.
    func difference() -> String? {
        if let difference = identityDifference() { return difference }
        if let answer = answers[.cardRecognitionData], answer.statusWord.isSuccess {
            guard let data = try? CardRecognitionData(parsing: answer.data) else { return "its card recognition data cannot be read" }
            guard data.secureChannels.contains(component.secureChannel) else {
                return "it offers \(data.secureChannels.map(\.description).joined(separator: ", ")), and the inventory says \(component.secureChannel)"
            }
        }
        if let answer = answers[.keyInformation], answer.statusWord.isSuccess {
            guard let keys = try? KeyInformation(parsing: answer.data) else { return "its key information cannot be read" }
            guard keys.versions.contains(component.keyVersionNumber) else {
                return "it has no keys of version \(component.keyVersionNumber), which the inventory says"
            }
        }
        return nil
    }

    private func identityDifference() -> String? {
        let identities: [(EligibilityScript.Part, String, HexBytes, @Sendable ([UInt8]) throws -> [UInt8])] = [
            (.issuerIdentificationNumber, "issuer identification number", component.issuerIdentificationNumber, CardIdentity.issuerIdentificationNumber),
            (.cardImageNumber, "card image number", component.cardImageNumber, CardIdentity.cardImageNumber),
        ]
        for (part, name, expected, read) in identities {
            guard let answer = answers[part], answer.statusWord.isSuccess, let value = try? read(answer.data) else { return "its \(name) cannot be read" }
            guard value == expected.bytes else { return "its \(name) is \(Hex.encode(value)), and the inventory says \(expected)" }
        }
        return nil
    }
}
