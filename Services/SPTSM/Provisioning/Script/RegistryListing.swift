import GlobalPlatform
import KeyVaultAPI
import TrustedServiceModel

/// Makes a ``CardReading`` of the answers of a session that reads.
public enum RegistryListing {
    /// - Parameter securityDomain: in whose session it was read; the list of applications has it, too.
    /// - Returns: nil where nothing of it was asked.
    /// - Throws: `TSMFailure(.secureComponentError)` for answers that are not in the form of GET STATUS or MANAGE ELF UPGRADE.
    public static func reading(commandsPerEntry: [(step: ProvisioningStep, count: Int)], responses: [VerifiedResponse], securityDomain: AID) throws(TSMFailure) -> CardReading? {
        var reading = CardReading(isWhole: true)
        var asked = false, lists = 0
        var at = 0
        for (step, count) in commandsPerEntry {
            guard at + count <= responses.count else { break }
            let answer = count > 0 ? responses[at + count - 1] : nil
            at += count
            guard let answer else { continue }
            switch step {
            case .readUpgrade:
                asked = true
                let status = try parsed(step) { () throws(FormatError) in try ManageUpgradeResponse(parsing: answer.data.bytes) }
                reading.openUpgrade = status.loadFile.flatMap { status.status == 0 ? nil : CardReading.OpenUpgrade(status: status.status, loadFile: $0) }
            case .listApplications:
                (asked, lists) = (true, lists + 1)
                reading.applications = try page(answer, step, &reading).filter { $0.aid != securityDomain }.map { CardReading.Application(aid: $0.aid, state: $0.lifeCycleState ?? 0) }
            case .listLoadFiles:
                (asked, lists) = (true, lists + 1)
                reading.loadFiles = try page(answer, step, &reading).map { CardReading.LoadFile(aid: $0.aid, version: $0.version.map { VersionNumber($0.map { Int($0) }) }) }
            default: continue
            }
        }
        if lists < 2 { reading.isWhole = false }
        return asked ? reading : nil
    }

    /// The one refusal that ends a reading as well as an answer does: there is no load file. It comes bare, and nothing is proven by it; the plan that
    /// is made from it ends with proofs.
    public static func endsWithEmptyList(commandsPerEntry: [(step: ProvisioningStep, count: Int)], responses: [VerifiedResponse]) -> Bool {
        guard commandsPerEntry.last?.step == .listLoadFiles, responses.count == commandsPerEntry.reduce(0, { $0 + $1.count }) else { return false }
        return responses.last?.statusWord == StatusWord.referencedDataNotFound.rawValue
    }

    private static func page(_ answer: VerifiedResponse, _ step: ProvisioningStep, _ reading: inout CardReading) throws(TSMFailure) -> [RegistryEntry] {
        let page = try parsed(step) { () throws(FormatError) in
            try GetStatusPage(parsing: ResponseAPDU(data: answer.data.bytes, statusWord: StatusWord(rawValue: answer.statusWord)))
        }
        if page.hasMore { reading.isWhole = false }
        return page.entries
    }

    private static func parsed<Value>(_ step: ProvisioningStep, _ body: () throws(FormatError) -> Value) throws(TSMFailure) -> Value {
        do {
            return try body()
        } catch {
            throw TSMFailure(.secureComponentError, "the answer to '\(step.name)' cannot be read: \(error)")
        }
    }
}
