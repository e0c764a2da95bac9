import GlobalPlatform
import KeyVaultAPI
import TrustedServiceModel

/// Holds the verified answers of a session against what its steps promised: the last word before a state changes.
public enum ContentProof {
    /// Why a session whose commands all succeeded still does not prove its result.
    public static func objection(commandsPerEntry: [(step: ProvisioningStep, count: Int)], responses: [VerifiedResponse],
                                 finalKeyCheckValues: [HexBytes], finalKeyVersion: UInt8, requiresProof: Bool) -> String? {
        var at = 0
        for (step, count) in commandsPerEntry {
            guard at + count <= responses.count else { return "no answer to '\(step.name)'" }
            let answers = responses[at..<(at + count)]
            at += count
            if requiresProof, answers.contains(where: { !$0.proven }) { return "the answer to '\(step.name)' carries no response MAC" }
            guard let last = answers.last else { continue }
            switch step {
            case .rotateKeys:
                // PUT KEY answers version and check values of what it stored (GP 11.8.3.1).
                let expected = [finalKeyVersion] + finalKeyCheckValues.flatMap(\.bytes)
                if last.data.bytes != expected { return "the card reports other key check values than those of the keys that were put" }
            case .proveApplication(let instance, let state):
                guard let entry = entry(last.data.bytes), entry.aid == instance else { return "the card's registry does not show \(instance)" }
                // The application may have moved on within its own states; selectable and locked are what we asked for.
                let found = entry.lifeCycleState ?? 0
                if found & 0x87 != state & 0x87 { return "application \(instance) is in state \(Hex.encode([found])), expected \(Hex.encode([state]))" }
            case .proveLoadFile(let package):
                guard let entry = entry(last.data.bytes), entry.aid == package else { return "the card's registry does not show package \(package)" }
            default:
                continue
            }
        }
        return nil
    }

    private static func entry(_ data: [UInt8]) -> RegistryEntry? {
        guard let objects = try? TLV.parseAll(data), objects.count == 1, let object = objects.first else { return nil }
        return try? RegistryEntry(parsing: object)
    }
}
