import Foundation
import TestMaterial
import Testing

/// The sample app is what a service provider's developer sees: it may use what the package exports and nothing else.
@Suite("the sample app") struct SampleAppTests {
    private static let root = ReferenceData.packageRoot

    private func text(_ path: String) throws -> String { try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8) }

    /// Targets of the library products that the sample's own Package.swift names.
    private func exported() throws -> Set<String> {
        let package = try text("Package.swift")
        let wanted = try text("deploy/testbed/sample-app/Package.swift").matches(of: /\.product\(name: "([^"]+)"/).map { String($0.1) }
        #expect(wanted == ["TSMAPI", "SecureComponentSimulator"])
        var targets: Set<String> = []
        for product in wanted {
            let line = try #require(package.split(separator: "\n").first { $0.contains(".library(name: \"\(product)\"") }, "no product \(product)")
            let list = try #require(line.firstMatch(of: /targets: \[([^\]]*)\]/)).1
            targets.formUnion(list.split(separator: ",").map { $0.trimmingCharacters(in: [" ", "\""]) })
        }
        return targets
    }

    @Test("imports only what the package exports as products")
    func imports() throws {
        let allowed = try exported().union(["Foundation"])
        let directory = Self.root.appendingPathComponent("deploy/testbed/sample-app/Sources/TicketApp")
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".swift") }
        #expect(files.count > 5)
        for file in files {
            for line in try String(contentsOf: directory.appendingPathComponent(file), encoding: .utf8).split(separator: "\n") where line.contains("import ") && !line.hasPrefix("//") && !line.hasPrefix(" ") {
                let words = line.split(separator: " ").map(String.init)
                #expect(words.count == 2 && words[0] == "import" && allowed.contains(words[1]), "\(file): \(line)")
            }
        }
    }

    @Test("what is exported to apps reaches no store, vault client or issuer client")
    func trust() throws {
        let package = try text("Package.swift")
        func dependencies(_ target: String) -> [String] {
            let line = package.split(separator: "\n").first { $0.contains("library(\"\(target)\", ") } ?? ""
            return line.matches(of: /"([A-Za-z0-9]+)"/).map { String($0.1) }.filter { $0 != target }
        }
        var (reached, waiting) = (Set<String>(), Array(try exported()))
        while let next = waiting.popLast() {
            if reached.insert(next).inserted { waiting += dependencies(next) }
        }
        #expect(reached.isSuperset(of: ["TSMAPI", "GlobalPlatform", "Cryptography", "HTTP2", "Identity"]), "\(reached)")
        #expect(reached.isDisjoint(with: ["ServiceKit", "KeyVaultAPI", "SEIAPI", "KeyVaultService", "SEITSMService", "SPTSMProvider", "SPTSMHandset", "DeploymentDocument"]))
    }
}
