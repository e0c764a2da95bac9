import Foundation
import GlobalPlatform
import GRDB
import TrustedServiceModel

/// Whether the load files of a Flavor find what they import once they are on a card (TR-03165 4.1.4.3, 4.1.4.10; category 1016), before a card says so.
///
/// A package comes from another load file of the Flavor or from the platform. The TR's SecureComponentProfile names no packages beside Java Card and
/// GlobalPlatform, which `TechnicalConstraints` decides; so an import that lies under the provider's own AIDs must come from the Flavor, and one
/// under anybody else's is left to the card.
enum PackageImports {
    struct File: Sendable {
        /// As which it is loaded.
        var aid: AID
        /// What others can import.
        var packages: [CAPPackage]
        var imports: [CAPImport]
    }

    /// - Throws: ``GeneralError`` 1016 naming the package that is missing or older than needed, 1002 for files that import each other in a circle.
    static func check(_ files: [File], _ tenancy: AIDTenancy) throws(GeneralError) {
        for (index, file) in files.enumerated() {
            let others = files.indices.filter { $0 != index }.flatMap { files[$0].packages }
            for item in file.imports {
                let isOffered = others.contains { $0.aid == item.aid }
                let isOwn = tenancy.prefixes.contains { item.aid.hasPrefix($0.bytes) }
                guard isOffered || isOwn, !others.contains(where: { $0.satisfies(item) }) else { continue }
                throw .technicalConstraints("importedPackages \(item.aid) \(item.version)")
            }
        }
        guard LoadOrder.order(of: files.map { ([$0.aid] + $0.packages.map(\.aid), $0.imports.map(\.aid)) }) != nil else {
            throw .invalidRequest("load files of the Flavor import each other in a circle: \(files.map(\.aid.description).joined(separator: ", "))")
        }
    }

    /// What the catalogue keeps of an executable load file, read again for versions, which its attributes do not hold.
    static func file(of elf: CAP, _ db: Database) throws -> File {
        let stored = try Data.fetchOne(db, sql: "SELECT l.data FROM executable_load_file e JOIN load_file l ON l.sha256 = e.load_file_sha256 WHERE e.id = ?", arguments: [elf.id])
        guard let stored else { throw GeneralError.internalError("the load file of \(elf.aid) is missing in the catalogue") }
        do throws(CAPError) {
            let block = try LoadFileDataBlock(parsing: Array(stored))
            return File(aid: block.header.packageAID, packages: block.exportedPackages, imports: block.imports)
        } catch {
            throw GeneralError.internalError("the load file of \(elf.aid) cannot be read any more: \(error.description); upload it again")
        }
    }
}
