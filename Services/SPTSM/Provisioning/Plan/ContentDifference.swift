import DeploymentDocument
import GlobalPlatform

/// What has to happen to load files and applications within a security domain, so that a card with the content of one Version holds that of another,
/// and everything that is the same in both stays as it is (TR-03165 3.2.1.2, 4.2.5.4). Pure.
///
/// A load file is the same if its binary is (SHA-256) and those that it uses stay too: a card does not let go of a library that others import.
/// An application is the same if its load file stays and its configuration is: module, privileges, installation parameters, personalisation. What it
/// is made accessible to is no part of it.
public struct ContentDifference: Sendable, Hashable {
    public enum LoadFileChange: Sendable, Hashable {
        /// Stays as it is.
        case kept
        /// An interrupted update has put it already.
        case present
        /// Replaced under its applications, which keep their data (GP Amendment H).
        case upgraded
        /// Put, after what is there under its AID was deleted.
        case loaded
    }

    /// Of each load file that is wanted.
    public private(set) var changes: [AID: LoadFileChange] = [:]
    /// To be deleted, users before their libraries.
    public private(set) var deletedLoadFiles: [AID] = []
    /// To be deleted, last installed first; all of them before any load file.
    public private(set) var deletedApplications: [AID] = []
    /// To be installed, in their order.
    public private(set) var installedApplications: [AID] = []
    public private(set) var keptApplications: [AID] = []
    /// Kept ones that come out of an upgrade without data of their own, since they cannot hand it over: personalised again.
    public private(set) var emptiedApplications: [AID] = []

    /// - Parameters:
    ///   - held: the documents whose content may be on the card: the one that was installed whole, then those of updates that were begun since.
    ///   - reading: what the card holds; nil: exactly what the one document in `held` says.
    ///   - upgrades: the card offers GP Amendment H.
    public init(held: [DeploymentDocument], wanted: DeploymentDocument, reading: CardReading? = nil, upgrades: Bool = false) {
        let card = Card(held: held, reading: reading)
        for file in wanted.loadFiles {
            let libraries = Self.uses(file, in: wanted)
            let stands = libraries.allSatisfy { changes[$0] == .kept || changes[$0] == .present }
            let isSame = libraries.allSatisfy { changes[$0] == .kept } && card.isEverywhere(file)
            let keepable = wanted.applications.filter { $0.packageAid == file.packageAid && card.isEverywhere($0) && card.holds(application: $0.instanceAid) }
            changes[file.packageAid] = if isSame, card.holds(loadFile: file.packageAid) {
                .kept
            } else if stands, card.isCurrent(file) {
                .present
            } else if upgrades, stands, !keepable.isEmpty, card.isOlder(file), Set(keepable.map(\.moduleAid)).isSubset(of: file.moduleAids) {
                .upgraded
            } else {
                .loaded
            }
            guard let change = changes[file.packageAid], change != .loaded else { continue }
            keptApplications += keepable.map(\.instanceAid)
            if change == .upgraded, file.handsDataOver != true || !card.handsDataOver(file.packageAid) { emptiedApplications += keepable.map(\.instanceAid) }
        }
        installedApplications = wanted.applications.map(\.instanceAid).filter { !keptApplications.contains($0) }
        deletedApplications = card.applications.filter { !keptApplications.contains($0) }
        deletedLoadFiles = card.loadFiles.filter { changes[$0] == nil || changes[$0] == .loaded }
        // In the order of the document, whatever the load files' is.
        keptApplications = wanted.applications.map(\.instanceAid).filter { keptApplications.contains($0) }
    }

    /// Load files that it uses. Of a document that does not say so, all before it: libraries stand before their users.
    static func uses(_ file: LoadFileDocument, in document: DeploymentDocument) -> [AID] {
        file.uses ?? document.loadFiles.prefix { $0.packageAid != file.packageAid }.map(\.packageAid)
    }
}

extension ContentDifference {
    /// What may be on the card, from documents and, where it was read, the registry.
    private struct Card {
        let held: [DeploymentDocument]
        let reading: CardReading?

        /// Last installed first.
        var applications: [AID] {
            let known = distinct(held.reversed().flatMap { $0.applications.reversed().map(\.instanceAid) })
            guard let reading else { return known }
            return known.filter { reading.application($0) != nil } + reading.applications.map(\.aid).filter { !known.contains($0) }
        }

        /// Users before their libraries.
        var loadFiles: [AID] {
            let first = held.first?.loadFiles.map(\.packageAid) ?? []
            let later = distinct(held.dropFirst().flatMap { $0.loadFiles.map(\.packageAid) }).filter { !first.contains($0) }
            let known = Array((first + later).reversed())
            guard let reading else { return known }
            return reading.loadFiles.map(\.aid).filter { !known.contains($0) } + known.filter { reading.loadFile($0) != nil }
        }

        private func distinct(_ aids: [AID]) -> [AID] { aids.reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }

        func holds(application aid: AID) -> Bool {
            reading.map { $0.application(aid) != nil } ?? held.contains { $0.applications.contains { $0.instanceAid == aid } }
        }

        func holds(loadFile aid: AID) -> Bool { reading.map { $0.loadFile(aid) != nil } ?? !files(aid).isEmpty }

        /// Whichever document the card has it from, it is this binary.
        func isEverywhere(_ file: LoadFileDocument) -> Bool { held.allSatisfy { $0.loadFiles.contains { $0.packageAid == file.packageAid && $0.sha256 == file.sha256 } } }

        func isEverywhere(_ application: ApplicationDocument) -> Bool {
            held.allSatisfy { $0.applications.contains { $0.instanceAid == application.instanceAid && $0.isSame(as: application) } }
        }

        private func files(_ aid: AID) -> [LoadFileDocument] { held.compactMap { $0.loadFiles.first { $0.packageAid == aid } } }

        /// Read from the card, and no other binary that may be there has its version.
        func isCurrent(_ file: LoadFileDocument) -> Bool {
            guard let version = reading?.loadFile(file.packageAid)?.version, version == file.packageVersion else { return false }
            return files(file.packageAid).allSatisfy { $0.sha256 == file.sha256 || $0.packageVersion.map { $0 != version } ?? false }
        }

        /// What is on the card is another binary with a lower version.
        func isOlder(_ file: LoadFileDocument) -> Bool {
            guard let new = file.packageVersion else { return false }
            if let reading { return reading.loadFile(file.packageAid)?.version.map { $0 < new } ?? false }
            return files(file.packageAid).contains { $0.sha256 != file.sha256 } && files(file.packageAid).allSatisfy { $0.packageVersion.map { $0 < new } ?? false }
        }

        /// Of the installed Version.
        func handsDataOver(_ aid: AID) -> Bool { held.first?.loadFiles.first { $0.packageAid == aid }?.handsDataOver ?? false }
    }
}

extension ApplicationDocument {
    /// Nothing that an instance is made and personalised with differs. An instance that was made selectable cannot be taken back to INSTALLED.
    func isSame(as other: ApplicationDocument) -> Bool {
        packageAid == other.packageAid && moduleAid == other.moduleAid && privileges == other.privileges
            && applicationSpecificInstallParameter == other.applicationSpecificInstallParameter && provideAttestationToken == other.provideAttestationToken
            && includeSecurityDomainDiversificationData == other.includeSecurityDomainDiversificationData && personalizationScript == other.personalizationScript
            && (!makeSelectable || other.makeSelectable)
    }
}
