import DeploymentDocument
import GlobalPlatform
import TrustedServiceModel

/// Whether LOAD can carry load files to a component: blocks are counted to 256, and long MACs (S16) leave less room in each. Profiles do not
/// say which MACs their components have, so the catalogue cannot know; the component's own parameter does, before anything is sent.
public enum LoadCapacity {
    /// - Parameter scpParameter: the component's i.
    /// - Throws: category 8: which load file is too long, and what the component takes.
    public static func check(_ loadFiles: some Sequence<LoadFileDocument>, scpParameter: UInt8) throws(TSMFailure) {
        let parameter = SCP03Parameter(rawValue: scpParameter)
        let payload = SecurityLevel.strongest(for: parameter).maximumPayload(parameter)
        for file in loadFiles {
            let length = LoadFile.length(dataBlock: file.size)
            guard LoadCommand.blockCount(loadFileLength: length, maximumPayload: payload) == nil else { continue }
            throw TSMFailure(.noEligibleSecureComponent, """
                it takes load files of at most \(LoadCommand.maximumBlocks * payload) bytes\(parameter.isS16 ? " (long MACs)" : ""), and \(file.packageAid) has \(length); \
                the service provider has to split or shorten it
                """)
        }
    }

    /// What a plan loads, of a document's load files.
    public static func check(_ plan: [PlannedSession], of document: DeploymentDocument, scpParameter: UInt8) throws(TSMFailure) {
        var packages: Set<AID> = []
        for case .securityDomain(_, let steps) in plan {
            for case .load(let package) in steps { packages.insert(package) }
        }
        try check(document.loadFiles.lazy.filter { packages.contains($0.packageAid) }, scpParameter: scpParameter)
    }
}
