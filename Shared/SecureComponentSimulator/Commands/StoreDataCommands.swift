import GlobalPlatform

/// STORE DATA (GPCS 2.3.1, 7.3 and 11.11): for the domain itself, or handed to the application that INSTALL [for personalization] named.
extension CardEngine {
    mutating func storeData(_ command: CommandAPDU, _ domain: ApplicationRecord, _ channel: SecureChannel, _ number: Int) throws(Refusal) -> ResponseAPDU {
        var storing = channels[number]?.storing ?? StoreDataSession(target: domain.aid, isForwarding: false)
        channels[number]?.storing = nil
        let store = try Refusal.reading { () throws(FormatError) in try StoreDataCommand.parse(command) }
        guard Int(store.blockNumber) == storing.nextBlock else {
            throw Refusal(.incorrectP1P2, "block \(store.blockNumber) came where \(storing.nextBlock) was due")
        }
        storing.nextBlock = store.isLast ? 0 : (storing.nextBlock + 1) & 0xFF
        guard let index = image.applicationIndex(storing.target) else { throw Refusal(.referencedDataNotFound, "\(storing.target) is gone") }
        var response = ResponseAPDU(statusWord: .success)
        if image.applications[index].sink != nil {
            // Each block goes to the instance as it comes, header included.
            let change = image.applications[index].sink?.personalize(command)
            if let refusal = change ?? nil { throw refusal }
        } else {
            storing.data += store.data
            guard storing.data.count <= 8192 else { throw Refusal(.notEnoughMemory, "more data than a security domain keeps together") }
            if store.isLast {
                if image.applications[index].accessRules != nil {
                    response = try storeRules(storing.data, index)
                } else {
                    try storeInDomain(storing, structure: store.structure, channel)
                }
                storing.data = []
            }
        }
        if !store.isLast { channels[number]?.storing = storing }
        return response
    }

    private mutating func storeInDomain(_ storing: StoreDataSession, structure: StoreDataCommand.Structure, _ channel: SecureChannel) throws(Refusal) {
        switch structure {
        case .unspecified: throw Refusal(.incorrectP1P2, "a security domain takes DGIs or BER-TLV")
        case .berTLV:
            let objects: [TLV]
            do { objects = try TLV.parseAll(storing.data) } catch { throw Refusal(.incorrectData, error.description) }
            for object in objects { try storeObject(object.tag.rawValue, object.value, in: storing.target) }
        case .dgi:
            let groupings = try Refusal.reading { () throws(FormatError) in try DGI.parseAll(storing.data) }
            var keys: [UInt8] = []
            for grouping in groupings {
                if [0x00B9, 0x8113].contains(grouping.identifier) {
                    keys += try Refusal.reading { () throws(FormatError) in try grouping.encoded() }
                } else {
                    try storeObject(UInt32(grouping.identifier), grouping.data, in: storing.target)
                }
            }
            guard !keys.isEmpty else { return }
            let set = try Refusal.reading { () throws(FormatError) in try FirstKeySet(parsing: keys) }
            try storeFirstKeys(set, in: storing.target, channel, isForwarding: storing.isForwarding)
        }
    }

    /// Identification and image number of a domain; everything else it does not know.
    private mutating func storeObject(_ tag: UInt32, _ value: [UInt8], in target: AID) throws(Refusal) {
        guard [0x42, 0x45].contains(tag) else { throw Refusal(.referencedDataNotFound, "a security domain keeps no data object \(String(tag, radix: 16))") }
        guard (1...32).contains(value.count) else { throw Refusal(.incorrectData, "the data object has 1 to 32 bytes") }
        let key = Hex.encode([UInt8(tag)])
        try image.withDomain(target) { (domain: inout SecurityDomainRecord) throws(Refusal) in domain.dataObjects[key] = HexBytes(value) }
    }
}
