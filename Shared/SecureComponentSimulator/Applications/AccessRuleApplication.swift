import GlobalPlatform

/// ARA-M and ARA-C as applications: GET DATA for everybody, STORE DATA through their security domain or in a session of their own.
extension CardEngine {
    mutating func accessRuleApplication(_ command: CommandAPDU, _ application: ApplicationRecord, _ number: Int) throws(Refusal) -> ResponseAPDU {
        switch command.ins {
        case Instruction.initializeUpdate: return try initializeUpdate(command, application, domain: application.securityDomain, number)
        case Instruction.externalAuthenticate: return try externalAuthenticate(command, number)
        case Instruction.getData where channels[number]?.secureChannel?.isAuthenticated != true && !command.isSecureMessaging:
            return try rulesData(command, application, number)
        case Instruction.getData, Instruction.storeData:
            return try inSession(command, number) { (card, plain, channel) throws(Refusal) in
                guard plain.ins == Instruction.storeData else { return try card.rulesData(plain, application, number) }
                try card.requireUnlockedCard()
                return try card.storeData(plain, application, channel, number)
            }
        default: throw Refusal(.instructionNotSupported, "the access rule application does not know INS \(Hex.encodeUpperCase([command.ins]))")
        }
    }

    private mutating func rulesData(_ command: CommandAPDU, _ application: ApplicationRecord, _ number: Int) throws(Refusal) -> ResponseAPDU {
        guard command.isProprietaryClass else { throw Refusal(.classNotSupported, "GET DATA of access rules has class 80") }
        let request = try Refusal.reading { () throws(FormatError) in try GetDataCommand.parse(command) }
        let (rules, refreshTag) = try rulesToTell(application)
        let reading = channels[number]?.rules
        channels[number]?.rules = nil
        switch request.tag {
        case 0xDF20: return ResponseAPDU(data: AccessRuleResponse.refreshTag(refreshTag), statusWord: .success)
        // E5{E6 version}: the interface of GPD_SPE_013 1.1.
        case 0xDF21: return ResponseAPDU(data: TLV(0xDF21, [TLV(0xE5, [TLV(0xE6, [0x01, 0x01, 0x00])])]).bytes, statusWord: .success)
        case 0xFF40: return part(of: RuleReading(rest: AccessRuleResponse.all(rules), refreshTag: refreshTag), number)
        case 0xFF60:
            guard let reading else { throw Refusal(.conditionsNotSatisfied, "GET DATA [next] without GET DATA [all] before it") }
            guard reading.refreshTag == refreshTag else { throw Refusal(.referencedDataInvalidated, "the rules changed: read them again") }
            return part(of: reading, number)
        case 0xFF50:
            let (target, device) = try Refusal.reading { () throws(FormatError) in try AccessRuleResponse.reference(in: request) }
            let found = rules.filter { $0.target == target && $0.deviceApplication == device }
            guard !found.isEmpty else { throw Refusal(.referencedDataNotFound, "no rule has this reference") }
            return ResponseAPDU(data: AccessRuleResponse.specific(found), statusWord: .success)
        default: throw Refusal(.referencedDataNotFound, "no such data object")
        }
    }

    /// The master tells what counts, a client what it holds.
    private func rulesToTell(_ application: ApplicationRecord) throws(Refusal) -> (rules: [AccessRule], refreshTag: [UInt8]) {
        if application.aid == image.accessRuleMaster?.aid, let effective = try image.effectiveAccessRules() { return effective }
        guard let store = application.accessRules else { throw Refusal(.referencedDataNotFound, "no rules") }
        return (try store.parsed(), store.refreshTag.bytes)
    }

    private mutating func part(of reading: RuleReading, _ number: Int) -> ResponseAPDU {
        let length = 0xE0
        let rest = RuleReading(rest: Array(reading.rest.dropFirst(length)), refreshTag: reading.refreshTag)
        channels[number]?.rules = rest.rest.isEmpty ? nil : rest
        return ResponseAPDU(data: Array(reading.rest.prefix(length)), statusWord: .success)
    }

    /// F0, F1, F2, and at the master F7: all of a sequence or none.
    mutating func storeRules(_ data: [UInt8], _ index: Int) throws(Refusal) -> ResponseAPDU {
        guard var store = image.applications[index].accessRules else { throw Refusal(.referencedDataNotFound, "no rules") }
        let isMaster = image.applications[index].aid == image.accessRuleMaster?.aid
        let commands = try Refusal.reading { () throws(FormatError) in try AccessRuleCommand.parse(data) }
        var status = StatusWord.success
        for command in commands {
            switch command {
            case .store(let rule):
                guard rule.apdu != nil || rule.nfcEvents != nil else { throw Refusal(.incorrectData, "a rule without D0 and D1 permits and forbids nothing") }
                let encoded = HexBytes(rule.encoded.bytes)
                if store.rules.contains(encoded) {
                    status = .ruleAlreadyExists
                } else {
                    store.rules.append(encoded)
                }
            case .deleteTarget, .deleteReference, .deleteRule, .deleteAll:
                let present = try store.parsed()
                guard present.contains(where: command.deletes) || command == .deleteAll else { throw Refusal(.referencedDataNotFound, "no such rule") }
                store.rules = zip(store.rules, present).filter { !command.deletes($0.1) }.map(\.0)
            case .updateRefreshTag: break
            case .other(let object) where object.tag == 0xF7 && isMaster: store.clients = try clients(in: object)
            case .other(let object): throw Refusal(.referencedDataNotFound, "STORE DATA \(object.tag) is not supported")
            }
        }
        store.refreshTag = HexBytes(try randomBytes(8))
        image.applications[index].accessRules = store
        return ResponseAPDU(statusWord: status)
    }

    /// F7{4F …}: these clients count and no others; F7 alone: all do.
    private func clients(in object: TLV) throws(Refusal) -> [AID]? {
        var names: [AID] = []
        do {
            for part in try object.children() {
                guard part.tag == 0x4F else { throw Refusal(.incorrectData, "4F was expected in F7, not \(part.tag)") }
                names.append(try AID(part.value))
            }
        } catch let refusal as Refusal { throw refusal } catch { throw Refusal(.incorrectData, "F7: \(error)") }
        return names.isEmpty ? nil : names
    }
}
