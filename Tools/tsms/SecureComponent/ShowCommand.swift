import ArgumentParser
import GlobalPlatform
import SecureComponentSimulator

extension SecureComponentCommand {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tells what is on a simulated card; no key leaves its file.",
            discussion: "With --json {\"path\":…,\"profile\":…,\"atr\":…,\"registry\":[…],\"keySets\":[…],…}. " + ExitStatus.discussion)

        @Option(help: ArgumentHelp("The card's file.", valueName: "file")) var file: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let path = file
            try await output.perform { console in
                CardReport(try CardFiles.open(path), path: path).show(on: console)
                return .done
            }
        }
    }
}

/// A simulated card for people and programs.
struct CardReport: Encodable, Sendable {
    struct Entry: Encodable, Sendable {
        var aid: AID
        /// Two hexadecimal digits.
        var lifeCycleState: String?
        var privileges: String?
        var securityDomain: AID?
        var modules: [AID]
    }

    struct KeySet: Encodable, Sendable {
        var securityDomain: AID
        var version: UInt8
        var sequenceCounter: UInt32
    }

    struct Memory: Encodable, Sendable {
        var nonVolatile: UInt64
        var volatile: UInt64
    }

    var path: String
    var profile: String
    var description: String
    var atr: HexBytes
    var registry: [Entry]
    var keySets: [KeySet]
    var freeMemory: Memory
    var accessRules: Int?

    init(_ card: SimulatedCard, path: String) {
        let image = card.image
        let issuer = card.profile.issuerSecurityDomain
        self.path = path
        profile = card.profile.name
        description = card.description
        atr = HexBytes(card.atr)
        registry = image.registry.map { entry in
            Entry(aid: entry.aid, lifeCycleState: entry.lifeCycleState.map { Hex.encode([$0]) }, privileges: entry.privileges.map { Hex.encode($0.bytes) },
                  securityDomain: entry.securityDomain, modules: entry.modules)
        }
        keySets = image.registry.flatMap { entry in
            image.keySets(of: entry.aid).map { KeySet(securityDomain: entry.aid, version: $0.version, sequenceCounter: $0.sequenceCounter) }
        }
        let free = image.freeMemory(for: issuer)
        freeMemory = Memory(nonVolatile: free.nonVolatile, volatile: free.volatile)
        accessRules = image.accessRules?.count
    }

    func show(on console: Console) {
        if console.json { console.object(self) } else { console.text(text) }
    }

    var text: String {
        var lines = ["\(path): \(description)", "  ATR \(atr)", "  free: \(freeMemory.nonVolatile) bytes, volatile \(freeMemory.volatile)"]
        if let accessRules { lines.append("  access rules: \(accessRules)") }
        for entry in registry {
            var line = "  \(entry.aid)"
            if let state = entry.lifeCycleState { line += " state \(state)" }
            if let privileges = entry.privileges, !privileges.allSatisfy({ $0 == "0" }) { line += " privileges \(privileges)" }
            if !entry.modules.isEmpty { line += " modules \(entry.modules.map(\.description).joined(separator: ", "))" }
            lines.append(line)
        }
        for set in keySets { lines.append("  keys \(Hex.encode([set.version])) of \(set.securityDomain), counter \(set.sequenceCounter)") }
        return lines.joined(separator: "\n")
    }
}
