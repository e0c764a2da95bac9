import DeploymentDocument
import GlobalPlatform
import TrustedServiceModel

/// The order in which load files go onto a card: a package after those that it imports, otherwise as the Flavor lists them.
enum LoadOrder {
    struct Item: Sendable {
        var document: LoadFileDocument
        var imports: [AID]
        var modules: [ExecutableModule]
    }

    /// - Throws: ``DocumentError`` when packages import each other in a circle, or one package comes twice.
    static func sort(_ items: [Item]) throws -> [Item] {
        guard Set(items.map(\.document.packageAid)).count == items.count else {
            throw DocumentError(.notDeployable, "two load files of the Flavor have the same package AID")
        }
        var waiting = items
        var sorted: [Item] = []
        while !waiting.isEmpty {
            let missing = Set(waiting.map(\.document.packageAid))
            guard let next = waiting.firstIndex(where: { item in !item.imports.contains { $0 != item.document.packageAid && missing.contains($0) } }) else {
                throw DocumentError(.notDeployable, "load files of the Flavor import each other in a circle")
            }
            sorted.append(waiting.remove(at: next))
        }
        return sorted
    }
}
