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
                    try storeInDomain(storing, store, channel, number)
                }
                storing.data = []
            }
        }
        if !store.isLast { channels[number]?.storing = storing }
        return response
    }

    private mutating func storeInDomain(_ storing: StoreDataSession, _ last: StoreDataCommand, _ channel: SecureChannel, _ number: Int) throws(Refusal) {
        var objects: [(tag: UInt32, value: [UInt8])] = []
        var keys: [UInt8] = []
        switch last.structure {
        case .unspecified: throw Refusal(.incorrectP1P2, "a security domain takes DGIs or BER-TLV")
        case .berTLV:
            do { objects = try TLV.parseAll(storing.data).map { ($0.tag.rawValue, $0.value) } } catch { throw Refusal(.incorrectData, error.description) }
        case .dgi:
            for grouping in try Refusal.reading({ () throws(FormatError) in try DGI.parseAll(storing.data) }) {
                if [0x00B9, 0x8113].contains(grouping.identifier) {
                    keys += try Refusal.reading { () throws(FormatError) in try grouping.encoded() }
                } else {
                    objects.append((UInt32(grouping.identifier), grouping.data))
                }
            }
        }
        guard last.encryption != .encrypted || objects.isEmpty else { throw Refusal(.incorrectData, "data objects of a security domain are not encrypted") }
        for object in objects { try storeObject(object.tag, object.value, in: storing.target) }
        guard !keys.isEmpty else { return }
        let set = try Refusal.reading { () throws(FormatError) in try FirstKeySet(parsing: keys) }
        try storeFirstKeys(set, in: storing.target, channel, isForwarding: storing.isForwarding)
    }

    /// What a domain keeps: 42 and 45, its identification and image number, 5F50, its manager's address; of the Issuer Security Domain also the
    /// card's: 4F its own AID, CF the key diversification data, 9F66 and 9F67 the dates and equipment of personalisation and pre-personalisation
    /// in the CPLC. Everything else it does not know.
    private mutating func storeObject(_ tag: UInt32, _ value: [UInt8], in target: AID) throws(Refusal) {
        let isIssuer = target == image.issuerSecurityDomain
        func require(_ lengths: ClosedRange<Int>) throws(Refusal) {
            guard lengths.contains(value.count) else { throw Refusal(.incorrectData, "\(String(tag, radix: 16)) has \(lengths) bytes, not \(value.count)") }
        }
        switch tag {
        case 0x42, 0x45, 0x5F50:
            try require(1...(tag == 0x5F50 ? 255 : 32))
            let key = String(tag, radix: 16)
            try image.withDomain(target) { (domain: inout SecurityDomainRecord) throws(Refusal) in domain.dataObjects[key] = HexBytes(value) }
        case 0x4F where isIssuer: try renameIssuer(value)
        case 0xCF where isIssuer:
            try require(10...10)
            image.identity.keyDiversificationData = HexBytes(value)
        case 0x9F66 where isIssuer, 0x9F67 where isIssuer:
            try require(8...8)
            let first: CardProductionLifeCycle.Field = tag == 0x9F66 ? .icPersonalizer : .icPrePersonalizer
            let offset = CardProductionLifeCycle.offset(of: first)
            image.identity.productionLifeCycle.bytes.replaceSubrange(offset..<offset + 8, with: value)
        default: throw Refusal(.referencedDataNotFound, "a security domain keeps no data object \(String(tag, radix: 16))")
        }
    }

    /// Sessions go on; the next one derives its challenge from the new AID.
    private mutating func renameIssuer(_ value: [UInt8]) throws(Refusal) {
        let new: AID
        do { new = try AID(value) } catch { throw Refusal(.incorrectData, "\(error)") }
        let old = image.issuerSecurityDomain
        guard new == old || !image.isTaken(new) else { throw Refusal(.incorrectData, "AID \(new) is in use") }
        image.renameIssuerSecurityDomain(to: new)
        for number in channels.keys where channels[number]?.selected == old { channels[number]?.selected = new }
    }
}
