import DeploymentDocument
import GlobalPlatform
import TrustedServiceModel

/// The order in which load files go onto a card: a package after those that it imports, otherwise as the Flavor lists them.
enum LoadOrder {
    struct Item: Sendable {
        var document: LoadFileDocument
        var imports: [AID]
        var modules: [ExecutableModule]
        /// Packages inside that others can import, where these are not the load file's own AID.
        var packages: [AID] = []
    }

    /// - Throws: ``DocumentError`` when packages import each other in a circle, or one package comes twice.
    static func sort(_ items: [Item]) throws -> [Item] {
        guard Set(items.map(\.document.packageAid)).count == items.count else {
            throw DocumentError(.notDeployable, "two load files of the Flavor have the same package AID")
        }
        guard let order = order(of: items.map { (offers: [$0.document.packageAid] + $0.packages, imports: $0.imports) }) else {
            throw DocumentError(.notDeployable, "load files of the Flavor import each other in a circle")
        }
        return order.map { items[$0] }
    }

    /// Each load file with those of the others that it imports packages of.
    static func withUses(_ items: [Item]) -> [LoadFileDocument] {
        items.map { item in
            var document = item.document
            document.uses = items.filter { other in
                other.document.packageAid != item.document.packageAid && !Set([other.document.packageAid] + other.packages).isDisjoint(with: item.imports)
            }.map(\.document.packageAid)
            return document
        }
    }

    /// Indices in load order: the first that needs nothing of those still waiting, again and again. nil when they go in a circle.
    static func order(of files: [(offers: [AID], imports: [AID])]) -> [Int]? {
        var waiting = Array(files.indices)
        var sorted: [Int] = []
        while !waiting.isEmpty {
            guard let next = waiting.firstIndex(where: { index in
                let missing = Set(waiting.filter { $0 != index }.flatMap { files[$0].offers }).subtracting(files[index].offers)
                return missing.isDisjoint(with: files[index].imports)
            }) else { return nil }
            sorted.append(waiting.remove(at: next))
        }
        return sorted
    }
}
