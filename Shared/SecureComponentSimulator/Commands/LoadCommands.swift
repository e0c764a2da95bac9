import Cryptography
import GlobalPlatform

/// INSTALL [for load] and LOAD (GPCS 2.3.1, 9.3.5, 11.5.2.3.1, 11.6).
extension CardEngine {
    mutating func beginLoading(_ install: InstallForLoad, _ domain: ApplicationRecord, _ number: Int) throws(Refusal) {
        try requireAuthorizedManagement(domain)
        try refuseToken(install.token)
        guard !image.isTaken(install.loadFile) else { throw Refusal(.incorrectData, "AID \(install.loadFile) is in use") }
        let target = install.securityDomain ?? domain.aid
        guard let record = image.application(target), let data = record.domain else {
            throw Refusal(.referencedDataNotFound, "\(target) is no security domain of this card")
        }
        guard image.isWithin(target, domain: domain.aid) else { throw Refusal(.conditionsNotSatisfied, "\(target) is not in the hierarchy of \(domain.aid)") }
        guard target == domain.aid || (!record.isLocked && data.acceptsExtradition) else {
            throw Refusal(.conditionsNotSatisfied, "\(target) does not accept load files")
        }
        guard [0, 32].contains(install.loadFileDataBlockHash.count) else {
            throw Refusal(.incorrectData, "the load file data block hash is SHA-256, 32 bytes")
        }
        let needed = install.parameters.system
        let free = image.free(for: target)
        let nonVolatile = UInt64(needed.nonVolatileCodeMinimum ?? 0) + UInt64(needed.nonVolatileQuota ?? 0)
        guard nonVolatile <= free.nonVolatile, UInt64(needed.volatileQuota ?? 0) <= free.volatile else {
            throw Refusal(.notEnoughMemory, "less memory is free than the load file asks for")
        }
        channels[number]?.loading = LoadSession(install: install, securityDomain: target)
    }

    mutating func load(_ command: CommandAPDU, _ domain: ApplicationRecord, _ number: Int) throws(Refusal) -> ResponseAPDU {
        // Whatever goes wrong ends the load; it is put back when the block was taken.
        guard var loading = channels[number]?.loading else { throw Refusal(.conditionsNotSatisfied, "LOAD without INSTALL [for load] before it") }
        channels[number]?.loading = nil
        let load = try Refusal.reading { () throws(FormatError) in try LoadCommand.parse(command) }
        guard Int(load.blockNumber) == loading.nextBlock else {
            throw Refusal(.conditionsNotSatisfied, "block \(load.blockNumber) came where \(loading.nextBlock) was due")
        }
        loading.nextBlock += 1
        loading.data += load.block
        guard UInt64(loading.data.count) + MemoryCost.loadFile <= image.free(for: loading.securityDomain).nonVolatile else {
            throw Refusal(.notEnoughMemory, "the load file does not fit")
        }
        if load.isLast {
            try finish(loading)
        } else {
            guard loading.nextBlock <= 0xFF else { throw Refusal(.conditionsNotSatisfied, "block FF was not the last") }
            channels[number]?.loading = loading
        }
        return ResponseAPDU(data: [0x00], statusWord: .success)
    }

    /// Checks and links the load file; only then is it in the registry.
    private mutating func finish(_ loading: LoadSession) throws(Refusal) {
        let install = loading.install
        let file = try Refusal.reading { () throws(FormatError) in try LoadFile(parsing: loading.data) }
        guard file.dapBlocks.isEmpty else { throw Refusal(.conditionsNotSatisfied, "no security domain of this card verifies DAP blocks") }
        let hash: [UInt8]
        do { hash = try HashFunction.sha256.digest(of: file.dataBlock) } catch { throw Refusal(.uncaughtException, error.description) }
        if !install.loadFileDataBlockHash.isEmpty, hash != install.loadFileDataBlockHash {
            throw Refusal(.conditionsNotSatisfied, "the hash of the load file data block is another than announced")
        }
        let block: LoadFileDataBlock
        do { block = try LoadFileDataBlock(parsing: file.dataBlock) } catch { throw Refusal(.incorrectData, error.description) }
        guard block.header.packageAID == install.loadFile else {
            throw Refusal(.conditionsNotSatisfied, "the package is \(block.header.packageAID), not \(install.loadFile)")
        }
        for item in block.imports { try resolve(item) }
        let modules = block.applets.map(\.aid)
        if let taken = modules.first(where: { image.loadFile($0) != nil }) { throw Refusal(.conditionsNotSatisfied, "module AID \(taken) is a load file's") }
        image.loadFiles.append(
            LoadFileRecord(
                aid: install.loadFile, version: block.header.packageVersion, modules: modules, imports: block.imports.map(\.aid),
                securityDomain: loading.securityDomain, size: UInt32(file.dataBlock.count), hash: HexBytes(hash), isPreinstalled: false))
    }

    /// The same major version, at least the same minor one (Java Card Virtual Machine Specification, 4.5).
    private func resolve(_ item: CAPImport) throws(Refusal) {
        let offered = image.profile.platformPackages.first { $0.aid == item.aid }?.version ?? image.loadFile(item.aid)?.version
        guard let offered else { throw Refusal(.conditionsNotSatisfied, "imported package \(item.aid) \(item.version) is not on the card") }
        guard offered.components.first == item.version.components.first, item.version <= offered else {
            throw Refusal(.conditionsNotSatisfied, "package \(item.aid) has version \(offered) here, \(item.version) is imported")
        }
    }
}
