import GlobalPlatform

/// The ARA-M as an application: GET DATA for everybody, STORE DATA through its security domain or in a session of its own.
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
                return try card.storeData(plain, application, channel, number)
            }
        default: throw Refusal(.instructionNotSupported, "the access rule application does not know INS \(Hex.encodeUpperCase([command.ins]))")
        }
    }

    private mutating func rulesData(_ command: CommandAPDU, _ application: ApplicationRecord, _ number: Int) throws(Refusal) -> ResponseAPDU {
        guard command.isProprietaryClass else { throw Refusal(.classNotSupported, "GET DATA of access rules has class 80") }
        guard let store = application.accessRules else { throw Refusal(.referencedDataNotFound, "no rules") }
        let request = try Refusal.reading { () throws(FormatError) in try GetDataCommand.parse(command) }
        let reading = channels[number]?.rules
        channels[number]?.rules = nil
        switch request.tag {
        case 0xDF20: return ResponseAPDU(data: AccessRuleResponse.refreshTag(store.refreshTag.bytes), statusWord: .success)
        case 0xFF40:
            return try part(of: RuleReading(rest: AccessRuleResponse.all(try store.parsed()), refreshTag: store.refreshTag.bytes), number)
        case 0xFF60:
            guard let reading else { throw Refusal(.conditionsNotSatisfied, "GET DATA [next] without GET DATA [all] before it") }
            guard reading.refreshTag == store.refreshTag.bytes else { throw Refusal(.referencedDataInvalidated, "the rules changed: read them again") }
            return try part(of: reading, number)
        case 0xFF50:
            let (target, device) = try Refusal.reading { () throws(FormatError) in try AccessRuleResponse.reference(in: request) }
            let rules = try store.parsed().filter { $0.target == target && $0.deviceApplication == device }
            guard !rules.isEmpty else { throw Refusal(.referencedDataNotFound, "no rule has this reference") }
            return ResponseAPDU(data: AccessRuleResponse.specific(rules), statusWord: .success)
        default: throw Refusal(.referencedDataNotFound, "no such data object")
        }
    }

    private mutating func part(of reading: RuleReading, _ number: Int) throws(Refusal) -> ResponseAPDU {
        let length = 0xE0
        let rest = RuleReading(rest: Array(reading.rest.dropFirst(length)), refreshTag: reading.refreshTag)
        channels[number]?.rules = rest.rest.isEmpty ? nil : rest
        return ResponseAPDU(data: Array(reading.rest.prefix(length)), statusWord: .success)
    }

    /// F0, F1, F2: all of a sequence or none.
    mutating func storeRules(_ data: [UInt8], _ index: Int) throws(Refusal) -> ResponseAPDU {
        guard var store = image.applications[index].accessRules else { throw Refusal(.referencedDataNotFound, "no rules") }
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
            case .other(let object): throw Refusal(.referencedDataNotFound, "STORE DATA \(object.tag) is not supported")
            }
        }
        store.refreshTag = HexBytes(try randomBytes(8))
        image.applications[index].accessRules = store
        return ResponseAPDU(statusWord: status)
    }
}
