import Cryptography
import GlobalPlatform

/// INSTALL [for load] and LOAD (GPCS 2.3.1, 9.3.5, 11.5.2.3.1, 11.6).
extension CardEngine {
    /// - Parameter isCombined: whether INSTALL [for load, install and make selectable] begins it. Its token, if it needs one, comes at its end.
    mutating func beginLoading(_ install: InstallForLoad, _ command: CommandAPDU, _ domain: ApplicationRecord, isCombined: Bool, _ number: Int) throws(Refusal) {
        let authorization = if isCombined, install.token.isEmpty, domain.privileges.contains(.delegatedManagement) {
            Authorization(authority: domain.aid, token: nil)
        } else {
            try authorize(command, token: install.token, reference: reference(in: install.parameters), domain)
        }
        try requireFree(install.loadFile)
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
        if let demanding = domainsDemandingDAP(for: record).first, install.loadFileDataBlockHash.isEmpty {
            throw Refusal(.incorrectData, "\(demanding.aid) demands a DAP block, which signs the load file data block hash")
        }
        let needed = install.parameters.system
        let free = image.free(for: target)
        let nonVolatile = UInt64(needed.nonVolatileCodeMinimum ?? 0) + UInt64(needed.nonVolatileQuota ?? 0)
        guard nonVolatile <= free.nonVolatile, UInt64(needed.volatileQuota ?? 0) <= free.volatile else {
            throw Refusal(.notEnoughMemory, "less memory is free than the load file asks for")
        }
        channels[number]?.loading = LoadSession(install: install, securityDomain: target, authorization: authorization, isCombined: isCombined)
    }

    mutating func load(_ command: CommandAPDU, _ domain: ApplicationRecord, _ number: Int) throws(Refusal) -> ResponseAPDU {
        // Whatever goes wrong ends the load; it is put back when the block was taken.
        let present = channels[number]?.loading
        channels[number]?.loading = nil
        guard var loading = present, loading.loaded == nil else { throw Refusal(.conditionsNotSatisfied, "LOAD without INSTALL [for load] before it") }
        let load = try Refusal.reading { () throws(FormatError) in try LoadCommand.parse(command) }
        guard Int(load.blockNumber) == loading.nextBlock else {
            throw Refusal(.conditionsNotSatisfied, "block \(load.blockNumber) came where \(loading.nextBlock) was due")
        }
        loading.nextBlock += 1
        loading.data += load.block
        guard UInt64(loading.data.count) + MemoryCost.loadFile <= image.free(for: loading.securityDomain).nonVolatile else {
            throw Refusal(.notEnoughMemory, "the load file does not fit")
        }
        guard load.isLast else {
            guard loading.nextBlock <= 0xFF else { throw Refusal(.conditionsNotSatisfied, "block FF was not the last") }
            channels[number]?.loading = loading
            return ResponseAPDU(data: ManagementConfirmation.none.bytes, statusWord: .success)
        }
        let file = try finish(loading)
        if loading.isCombined {
            loading.loaded = file
            loading.data = []
            channels[number]?.loading = loading
            return ResponseAPDU(data: ManagementConfirmation.none.bytes, statusWord: .success)
        }
        image.loadFiles.append(file)
        let answer = try confirmation(of: .load(loadFile: file.aid, securityDomain: file.securityDomain), loading.authorization)
        return ResponseAPDU(data: answer, statusWord: .success)
    }

    /// Checks and links the load file; what it gives back can go into the registry.
    private func finish(_ loading: LoadSession) throws(Refusal) -> LoadFileRecord {
        let install = loading.install
        // Free at its beginning; another channel may have loaded or installed something of this name since.
        try requireFree(install.loadFile)
        guard let target = image.application(loading.securityDomain) else { throw Refusal(.conditionsNotSatisfied, "\(loading.securityDomain) is gone") }
        let file = try Refusal.reading { () throws(FormatError) in try LoadFileStructure(parsing: loading.data) }
        try verify(file.dapBlocks, announcedHash: install.loadFileDataBlockHash, for: target)
        let dataBlock = try dataBlock(of: file, for: target)
        let hash: [UInt8]
        do { hash = try HashFunction.sha256.digest(of: dataBlock) } catch { throw Refusal(.noSpecificDiagnosis, error.description) }
        if !install.loadFileDataBlockHash.isEmpty, hash != install.loadFileDataBlockHash {
            throw Refusal(.conditionsNotSatisfied, "the hash of the load file data block is another than announced")
        }
        let block: LoadFileDataBlock
        do { block = try LoadFileDataBlock(parsing: dataBlock) } catch { throw Refusal(.incorrectData, error.description) }
        guard block.header.packageAID == install.loadFile else {
            throw Refusal(.conditionsNotSatisfied, "the package is \(block.header.packageAID), not \(install.loadFile)")
        }
        try link(block)
        let modules = block.applets.map(\.aid)
        if let taken = modules.first(where: { image.loadFile($0) != nil }) { throw Refusal(.conditionsNotSatisfied, "module AID \(taken) is a load file's") }
        return LoadFileRecord(
            aid: install.loadFile, version: block.header.packageVersion, modules: modules, imports: block.imports.map(\.aid),
            securityDomain: loading.securityDomain, size: UInt32(clamping: dataBlock.count), hash: HexBytes(hash), isPreinstalled: false,
            packages: block.offeredPackages)
    }

    /// - Throws: 6A80 where a load file or an application has this AID.
    func requireFree(_ aid: AID) throws(Refusal) {
        guard !image.isTaken(aid) else { throw Refusal(.incorrectData, "AID \(aid) is in use") }
    }

    /// B6 among the parameters of INSTALL.
    func reference(in parameters: InstallParameters) throws(Refusal) -> TokenReference? {
        try Refusal.reading { () throws(FormatError) in try TokenReference.find(in: parameters.other) }
    }
}
