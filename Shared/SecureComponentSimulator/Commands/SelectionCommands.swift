import GlobalPlatform

/// SELECT and MANAGE CHANNEL, which the card itself answers (GPCS 2.3.1, 6.4, 11.7, 11.9).
extension CardEngine {
    mutating func select(_ command: CommandAPDU, _ number: Int) throws(Refusal) -> ResponseAPDU {
        guard !command.isSecureMessaging else { throw Refusal(.secureMessagingNotSupported, "SELECT is sent in the clear") }
        let select = try Refusal.reading { () throws(FormatError) in try SelectCommand.parse(command) }
        guard let application = try found(select, number) else {
            throw Refusal(.applicationNotFound, "nothing selectable begins with \(Hex.encodeUpperCase(select.name))")
        }
        if let sink = application.sink, !sink.description.isMultiSelectable,
            channels.contains(where: { $0.key != number && $0.value.selected == application.aid }) {
            throw Refusal(.conditionsNotSatisfied, "\(application.aid) is selected on another channel and not multi-selectable")
        }
        channels[number] = ChannelState(selected: application.aid)
        let isLockedCard = image.cardState == .cardLocked
        guard application.isSecurityDomain else { return ResponseAPDU(statusWord: .success) }
        return ResponseAPDU(data: fileControlInformation(application), statusWord: isLockedCard ? .selectedLocked : .success)
    }

    /// The application that SELECT means: exact or partial AID, in the order of the registry.
    private func found(_ select: SelectCommand, _ number: Int) throws(Refusal) -> ApplicationRecord? {
        let issuer = image.applications.first { $0.aid == image.issuerSecurityDomain }
        if select.name.isEmpty {
            guard !select.next else { throw Refusal(.incorrectP1P2, "the next of what?") }
            return issuer
        }
        let isLockedCard = image.cardState == .cardLocked
        let candidates = image.applications.filter {
            guard $0.aid.hasPrefix(select.name) else { return false }
            return $0.aid == image.issuerSecurityDomain || (!isLockedCard && $0.isSelectable)
        }
        guard select.next else {
            return candidates.first { $0.aid.bytes == select.name } ?? candidates.first
        }
        // A full match comes first, the others follow in the order of the registry.
        let order = candidates.filter { $0.aid.bytes == select.name } + candidates.filter { $0.aid.bytes != select.name }
        guard let current = order.firstIndex(where: { $0.aid == channels[number]?.selected }) else { return nil }
        return current + 1 < order.count ? order[current + 1] : nil
    }

    private func fileControlInformation(_ domain: ApplicationRecord) -> [UInt8] {
        let template = (try? TLV.parse(recognitionData(domain).bytes)).flatMap { try? $0.children() }?.first
        let objects = template.flatMap { try? $0.children() }
        return SelectResponse(aid: domain.aid, maximumCommandLength: 0xFF, managementData: objects).bytes
    }

    mutating func manageChannel(_ command: CommandAPDU, _ number: Int) throws(Refusal) -> ResponseAPDU {
        guard !command.isSecureMessaging else { throw Refusal(.secureMessagingNotSupported, "MANAGE CHANNEL is sent in the clear") }
        switch try Refusal.reading({ () throws(FormatError) in try ManageChannelCommand.parse(command) }) {
        case .open:
            guard image.cardState != .cardLocked else { throw Refusal(.functionNotSupported, "the card is CARD_LOCKED") }
            guard let free = (1..<max(image.profile.logicalChannels, 1)).first(where: { channels[$0] == nil }) else {
                throw Refusal(.functionNotSupported, "all \(image.profile.logicalChannels) channels are open")
            }
            channels[free] = ChannelState(selected: image.issuerSecurityDomain)
            return ResponseAPDU(data: [UInt8(free)], statusWord: .success)
        case .close(let closing):
            guard Int(closing) < image.profile.logicalChannels else { throw Refusal(.logicalChannelNotSupported, "there is no channel \(closing)") }
            guard channels.removeValue(forKey: Int(closing)) != nil else {
                throw Refusal(StatusWord(0x62, 0x00), "channel \(closing) is closed already")
            }
            return ResponseAPDU(statusWord: .success)
        }
    }
}
