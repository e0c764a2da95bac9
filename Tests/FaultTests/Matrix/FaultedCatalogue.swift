import DeploymentDocument
import GlobalPlatform
import TestMaterial
import TrustedServiceModel

/// A Service whose first version is the ticket, which is personalised, and the store with its two applets; the next is the ticket's next release alone.
enum FaultedCatalogue {
    static let nextVersion = "1.1.0"

    static func make() throws -> FixedCatalogue {
        let files = try ["ticket-1.0-jc304.cap", "store-1.0-jc304.cap", "ticket-1.1-jc304.cap"].map { try CAPFile(Applets.archive($0)) }
        let catalogue = try FixedCatalogue(files: files, profile: TSMBench.profile)
        var first = catalogue.document, next = catalogue.document
        first.loadFiles = Array(first.loadFiles[..<2])
        first.applications = Array(first.applications[..<3])
        first.applications[0].provideAttestationToken = true
        next.versionTag = nextVersion
        next.loadFiles = [next.loadFiles[2]]
        next.applications = Array(next.applications[3...])
        next.applications[0].provideAttestationToken = true
        catalogue.state.withLock { [first, next] state in
            state.changed = first
            state.others = [nextVersion: next]
            state.moreVersions = [VersionSummary(tag: nextVersion, flavorByProfile: [TSMBench.profile: FixedCatalogue.flavor])]
        }
        return catalogue
    }
}
