import GlobalPlatform

/// GET STATUS and SET STATUS (GPCS 2.3.1, 11.4 and 11.10).
extension CardEngine {
    mutating func getStatus(_ command: CommandAPDU, _ domain: ApplicationRecord, _ channel: SecureChannel, _ number: Int) throws(Refusal) -> ResponseAPDU {
        let request = try Refusal.reading { () throws(FormatError) in try GetStatusCommand.parse(command) }
        let isIssuer = domain.aid == image.issuerSecurityDomain
        if request.scope == .issuerSecurityDomain, !isIssuer { throw Refusal(.incorrectP1P2, "only the Issuer Security Domain lists itself") }
        var listing: Listing
        var search = request
        search.next = false
        if request.next {
            guard let open = channels[number]?.listing, open.request == search else {
                throw Refusal(.conditionsNotSatisfied, "there is no next page of this search")
            }
            listing = open
        } else {
            let entries = matches(request, domain, isIssuer).filter { $0.matches(request.criteria) }
            guard !entries.isEmpty else { throw Refusal(.referencedDataNotFound, "nothing matches the search") }
            let room = min(channel.session.level?.maximumResponsePayload(channel.session.parameter) ?? 0, 239)
            let encoded = entries.map {
                request.oldForm ? $0.oldForm(withModules: request.scope == .loadFilesAndModules) : $0.encoded(tagList: request.tagList).bytes
            }
            listing = Listing(request: search, pages: GetStatusPage.pages(encoded, maximumLength: room))
        }
        guard !listing.pages.isEmpty else { throw Refusal(.conditionsNotSatisfied, "there is no next page of this search") }
        let page = listing.pages.removeFirst()
        let hasMore = !listing.pages.isEmpty
        channels[number]?.listing = hasMore ? listing : nil
        return ResponseAPDU(data: page, statusWord: hasMore ? .moreDataAvailable : .success)
    }

    /// Without Global Registry a domain sees itself and what hangs below it (GPCS 2.3.1, 6.6.2.11).
    private func matches(_ request: GetStatusCommand, _ domain: ApplicationRecord, _ isIssuer: Bool) -> [RegistryEntry] {
        let seesAll = isIssuer || domain.privileges.contains(.globalRegistry)
        switch request.scope {
        case .issuerSecurityDomain:
            return domain.aid.hasPrefix(request.aidPrefix) ? [image.entry(of: domain)] : []
        case .applications:
            return image.applications.filter {
                $0.aid != image.issuerSecurityDomain && $0.aid.hasPrefix(request.aidPrefix) && (seesAll || image.isWithin($0.aid, domain: domain.aid))
            }.map { image.entry(of: $0) }
        case .loadFiles, .loadFilesAndModules:
            return image.loadFiles.filter {
                $0.aid.hasPrefix(request.aidPrefix) && (seesAll || image.isWithin($0.securityDomain, domain: domain.aid))
            }.map { image.entry(of: $0, withModules: request.scope == .loadFilesAndModules) }
        }
    }

    mutating func setStatus(_ command: CommandAPDU, _ domain: ApplicationRecord) throws(Refusal) -> ResponseAPDU {
        let request = try Refusal.reading { () throws(FormatError) in try SetStatusCommand.parse(command) }
        switch request.scope {
        case .card: try setCardState(request.stateControl, domain)
        case .application, .securityDomainAndApplications:
            guard image.cardState != .cardLocked else { throw Refusal(.conditionsNotSatisfied, "the card is CARD_LOCKED") }
            guard let aid = request.aid, let target = image.application(aid) else { throw Refusal(.referencedDataNotFound, "no such application") }
            if request.scope == .application {
                try setState(request.stateControl, of: target, by: domain)
            } else {
                guard target.isSecurityDomain else { throw Refusal(.incorrectData, "\(aid) is no security domain") }
                try setState(request.stateControl, of: target, by: domain)
                // Those that are in the wanted state already stay in it.
                for application in image.applications(of: aid) where application.isLocked != request.locks {
                    try setState(request.stateControl, of: application, by: domain)
                }
            }
        }
        return ResponseAPDU(statusWord: .success)
    }

    private mutating func setCardState(_ state: UInt8, _ domain: ApplicationRecord) throws(Refusal) {
        guard let next = CardState(rawValue: state) else { throw Refusal(.incorrectP1P2, "\(Hex.encodeUpperCase([state])) is no card state") }
        let isIssuer = domain.aid == image.issuerSecurityDomain
        let needed: Privileges? = switch next {
        case .terminated: .cardTerminate
        case .cardLocked: .cardLock
        case .secured where image.cardState == .cardLocked: .cardLock
        default: nil
        }
        if let needed {
            guard domain.privileges.contains(needed) else { throw Refusal(.conditionsNotSatisfied, "\(domain.aid) lacks the privilege \(needed)") }
        } else if !isIssuer {
            throw Refusal(.conditionsNotSatisfied, "only the Issuer Security Domain moves the card to \(next)")
        }
        guard image.cardState.allowsTransition(to: next) else {
            throw Refusal(.conditionsNotSatisfied, "there is no way from \(image.cardState) to \(next)")
        }
        image.lifeCycleState = next.rawValue
    }

    private mutating func setState(_ control: UInt8, of target: ApplicationRecord, by domain: ApplicationRecord) throws(Refusal) {
        guard target.aid != image.issuerSecurityDomain, let index = image.applicationIndex(target.aid) else {
            throw Refusal(.conditionsNotSatisfied, "the Issuer Security Domain's state is the card's: P1 80")
        }
        let next: UInt8?
        if target.aid == domain.aid {
            // Of itself a domain can only say that it is personalised.
            guard control == 0x0F else { throw Refusal(.conditionsNotSatisfied, "a security domain cannot lock or unlock itself") }
            next = SecurityDomainState(rawValue: target.lifeCycleState)?.afterSetStatus(control)?.rawValue
        } else {
            guard image.manages(domain.aid, application: target) || domain.privileges.contains(.globalLock) else {
                throw Refusal(.conditionsNotSatisfied, "\(target.aid) is not associated with \(domain.aid), which lacks the Global Lock privilege")
            }
            // Only a domain itself says that it is PERSONALIZED.
            guard control & 0x80 != 0 || target.isLocked else {
                throw Refusal(.conditionsNotSatisfied, "\(target.aid) is not LOCKED")
            }
            next = target.isSecurityDomain
                ? SecurityDomainState(rawValue: target.lifeCycleState)?.afterSetStatus(control)?.rawValue
                : ApplicationState(rawValue: target.lifeCycleState)?.afterSetStatus(control)?.rawValue
        }
        guard let next else { throw Refusal(.conditionsNotSatisfied, "the state of \(target.aid) does not allow it") }
        image.applications[index].lifeCycleState = next
    }
}
