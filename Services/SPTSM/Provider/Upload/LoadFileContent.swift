import Cryptography
import GlobalPlatform
import TrustedServiceModel

/// What the catalogue keeps of a CAP file: the TR's attributes of CAP (4.1.4.8 to 4.1.4.11) and the block that cards get.
struct LoadFileContent: Sendable {
    let packageAID: AID
    let packageName: String
    let packageVersion: String
    let importedPackages: [AID]
    let moduleAIDs: [AID]
    /// What it contains for others to import: of an extended CAP file its public packages.
    let packageAIDs: [AID]
    let requirements: TechnicalRequirements
    let dataBlock: [UInt8]
    /// SHA-256 of `dataBlock`, lower-case hexadecimal.
    let sha256: String

    /// - Throws: ``GeneralError`` 1013 for what is no CAP file, or longer than the LOAD commands of any card can carry. What is left of the
    /// room on cards with long MACs is seen when such a card comes (`LoadCapacity`): profiles do not say it.
    init(parsing archive: [UInt8]) throws(GeneralError) {
        let cap: CAPFile
        do {
            cap = try CAPFile(archive)
        } catch {
            throw .invalidFileType(supported: ["cap"], detail: error.description)
        }
        do {
            _ = try cap.loadFile.commands(maximumPayload: LoadCommand.largestPayload)
        } catch {
            throw .invalidFileType(supported: ["cap"], detail: "The file is too long for any card: \(error)")
        }
        packageAID = cap.packageAID
        packageName = Self.cut(cap.packageName ?? cap.header.remotePackageName ?? cap.packageAID.description)
        packageVersion = Self.text(cap.packageVersion, parts: 2)
        importedPackages = cap.imports.map(\.aid)
        moduleAIDs = cap.applets.map(\.aid)
        packageAIDs = cap.header.packages.map(\.aid)
        requirements = TechnicalRequirements(javaCardVersion: Self.text(cap.requirements.javaCardVersion, parts: 3),
                                             gpApiVersion: Self.text(cap.requirements.gpApiVersion, parts: 2))
        dataBlock = cap.loadFileDataBlock
        sha256 = Hex.encode(cap.loadFileDataBlockHash)
    }

    private static func text(_ version: VersionNumber, parts: Int) -> String {
        let numbers = version.components.prefix(parts) + Array(repeating: 0, count: max(0, parts - version.components.count))
        return numbers.map(String.init).joined(separator: ".")
    }

    private static func cut(_ name: String) -> String { String(name.map { $0 == "/" ? "." : $0 }).prefix(codePoints: 255) }
}
