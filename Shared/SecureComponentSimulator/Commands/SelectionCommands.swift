import GlobalPlatform

/// SELECT and MANAGE CHANNEL, which the card itself answers (GPCS 2.3.1, 6.4, 11.7, 11.9).
extension CardEngine {
    mutating func select(_ command: CommandAPDU, _ number: Int) throws(Refusal) -> ResponseAPDU {
        guard !command.isSecureMessaging else { throw Refusal(.secureMessagingNotSupported, "SELECT is sent in the clear") }
        let select = try Refusal.reading { () throws(FormatError) in try SelectCommand.parse(command) }
        guard let application = try found(select, number) else {
            if image.cardState == .cardLocked, image.applications.contains(where: { $0.aid.hasPrefix(select.name) && $0.isSelectable }) {
                throw Refusal(.functionNotSupported, "the card is CARD_LOCKED")
            }
            throw Refusal(.applicationNotFound, "nothing selectable begins with \(Hex.encodeUpperCase(select.name))")
        }
        try requireFree(application.aid, except: number)
        channels[number] = ChannelState(selected: application.aid)
        let isLockedCard = image.cardState == .cardLocked
        guard application.isSecurityDomain else { return ResponseAPDU(statusWord: .success) }
        return ResponseAPDU(data: fileControlInformation(application), statusWord: isLockedCard ? .selectedLocked : .success)
    }

    /// The application that SELECT means: exact or partial AID, in the order of the registry.
    private func found(_ select: SelectCommand, _ number: Int) throws(Refusal) -> ApplicationRecord? {
        if select.name.isEmpty {
            guard !select.next else { throw Refusal(.incorrectP1P2, "the next of what?") }
            return image.application(image.issuerSecurityDomain)
        }
        let only = image.cardState == .cardLocked ? image.finalApplication : nil
        let candidates = image.applications.filter {
            guard $0.aid.hasPrefix(select.name) else { return false }
            return $0.aid == image.issuerSecurityDomain || ($0.isSelectable && (only == nil || only == $0.aid))
        }
        // A full match comes first, the others follow in the order of the registry.
        let order = candidates.filter { $0.aid.bytes == select.name } + candidates.filter { $0.aid.bytes != select.name }
        guard select.next, let selected = channels[number]?.selected else { return order.first }
        if let current = order.firstIndex(where: { $0.aid == selected }) { return current + 1 < order.count ? order[current + 1] : nil }
        // What is selected begins otherwise: the search goes on behind its place in the registry.
        guard let place = image.applicationIndex(selected) else { return order.first }
        return image.applications.dropFirst(place + 1).first { later in candidates.contains { $0.aid == later.aid } }
    }

    /// An application that is not multi-selectable is selected on one channel at a time.
    private func requireFree(_ aid: AID, except number: Int?) throws(Refusal) {
        guard let sink = image.application(aid)?.sink, !sink.description.isMultiSelectable else { return }
        guard let other = channels.first(where: { $0.key != number && $0.value.selected == aid })?.key else { return }
        throw Refusal(.conditionsNotSatisfied, "\(aid) is selected on channel \(other) and not multi-selectable")
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
            // Asked for on the basic channel, the new one begins with its default; asked for on another, with what is selected there.
            let selected = number == 0 ? image.defaultApplication(onChannel: free) : channels[number]?.selected ?? image.issuerSecurityDomain
            try requireFree(selected, except: nil)
            channels[free] = ChannelState(selected: selected)
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

extension CardImage {
    /// What a channel begins with: the first selectable application whose implicit selection parameter (CF: b8 contactless, b7 contact, b5 to b1 the
    /// channel) names it, on the basic channel also one with the Card Reset privilege and no parameter; else the Issuer Security Domain (GPCS 2.3.1, 6.4.1).
    func defaultApplication(onChannel number: Int) -> AID {
        guard cardState != .cardLocked, cardState != .terminated else { return issuerSecurityDomain }
        let application = applications.first { application in
            guard application.aid != issuerSecurityDomain, application.isSelectable else { return false }
            let parameters = application.implicitSelection.bytes
            if parameters.isEmpty { return number == 0 && application.privileges.contains(.cardReset) }
            return parameters.contains { $0 & 0xC0 != 0 && Int($0 & 0x1F) == number }
        }
        return application?.aid ?? issuerSecurityDomain
    }
}
