import GlobalPlatform

/// What load files offer each other: packages, by AID and version.
extension LoadFileRecord {
    /// What others can import. Files in ROM and those of older images offer themselves.
    var offeredPackages: [CardProfile.PlatformPackage] { packages ?? [CardProfile.PlatformPackage(aid: aid, version: version)] }

    /// Whether it was linked with something that `other` offers.
    func uses(_ other: LoadFileRecord) -> Bool {
        aid != other.aid && (imports.contains(other.aid) || other.offeredPackages.contains { imports.contains($0.aid) })
    }
}

extension LoadFileDataBlock {
    var offeredPackages: [CardProfile.PlatformPackage] { exportedPackages.map { CardProfile.PlatformPackage(aid: $0.aid, version: $0.version) } }
}

extension CardImage {
    /// The platform's packages come before those of load files.
    func offeredPackage(_ aid: AID) -> CardProfile.PlatformPackage? {
        profile.platformPackages.first { $0.aid == aid } ?? loadFiles.lazy.flatMap(\.offeredPackages).first { $0.aid == aid }
    }

    /// A load file that cannot do without `file`; as long as there is one, `file` stays.
    func user(of file: LoadFileRecord) -> LoadFileRecord? { loadFiles.first { $0.uses(file) } }

    /// Users before what they use: the order in which all of `files` can go, one after the other.
    func inOrderOfRemoval(_ files: [LoadFileRecord]) -> [LoadFileRecord] {
        var waiting = files
        var ordered: [LoadFileRecord] = []
        // Files are linked when they come, so that no two use each other; were it otherwise, the rest would be refused one by one.
        while let index = waiting.firstIndex(where: { file in !waiting.contains { $0.uses(file) } }) { ordered.append(waiting.remove(at: index)) }
        return ordered + waiting
    }
}

extension CardEngine {
    /// The end of LOAD: whether the card's virtual machine knows the format, and finds all that is imported
    /// (Java Card Virtual Machine Specification 3.1, 4.5.2 and 6.4). GPCS leaves the status word to the card.
    /// - Throws: 6985.
    func link(_ block: LoadFileDataBlock) throws(Refusal) {
        let needed = PlatformRequirements.javaCardVersion(of: block.header)
        guard needed <= image.profile.javaCardVersion else {
            let format = "CAP format \(block.header.formatVersion)\(block.header.isExtended ? ", extended," : "")"
            throw Refusal(.conditionsNotSatisfied, "\(format) needs Java Card \(needed), this card has \(image.profile.javaCardVersion)")
        }
        for package in block.offeredPackages where image.offeredPackage(package.aid) != nil {
            throw Refusal(.conditionsNotSatisfied, "package \(package.aid) is on the card already")
        }
        for item in block.imports {
            guard let offered = image.offeredPackage(item.aid) else {
                throw Refusal(.conditionsNotSatisfied, "imported package \(item.aid) \(item.version) is not on the card")
            }
            guard CAPPackage(aid: offered.aid, version: offered.version).satisfies(item) else {
                throw Refusal(.conditionsNotSatisfied, "package \(item.aid) has version \(offered.version) here, \(item.version) is imported")
            }
        }
    }
}
