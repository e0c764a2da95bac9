import GlobalPlatform
import Testing

@Suite struct LifeCycleTests {
    @Test func applications() throws {
        #expect(ApplicationState.installed.afterMakeSelectable() == .selectable)
        #expect(ApplicationState.selectable.afterMakeSelectable() == nil)
        #expect(ApplicationState.installed.afterSetStatus(0x80)?.rawValue == 0x83)
        let locked = try #require(ApplicationState.selectable.afterSetStatus(0x80))
        #expect(locked.rawValue == 0x87 && locked.isLocked && !locked.isSelectable && locked.description == "LOCKED")
        #expect(locked.afterSetStatus(0x80) == nil)
        #expect(locked.afterSetStatus(0x00) == .selectable)
        #expect(ApplicationState.selectable.afterSetStatus(0x00) == nil)
        let own = try #require(ApplicationState.selectable.afterOwnTransition(to: 0x0F))
        #expect(own.isSelectable && own.afterOwnTransition(to: 0x8F) == nil && own.afterOwnTransition(to: 0x03) == nil)
        #expect(ApplicationState.installed.afterOwnTransition(to: 0x0F) == nil)
        #expect(locked.afterOwnTransition(to: 0x0F) == nil)
        #expect(ApplicationState(rawValue: 0x01) == nil)
    }

    @Test func securityDomains() {
        #expect(SecurityDomainState.installed.afterMakeSelectable() == .selectable)
        #expect(SecurityDomainState.selectable.afterSetStatus(0x0F) == .personalized)
        #expect(SecurityDomainState.personalized.afterSetStatus(0x0F) == nil)
        #expect(SecurityDomainState.installed.afterSetStatus(0x0F) == nil)
        #expect(SecurityDomainState.personalized.afterSetStatus(0x80)?.rawValue == 0x8F)
        #expect(SecurityDomainState(rawValue: 0x8F)?.afterSetStatus(0x00) == .personalized)
        #expect(SecurityDomainState(rawValue: 0x8F)?.afterSetStatus(0x80) == nil)
        #expect(SecurityDomainState(rawValue: 0x1F) == nil)
        #expect(SecurityDomainState.personalized.description == "PERSONALIZED")
    }

    @Test func cardsAllPairs() {
        let allowed: Set<[CardState]> = [[.opReady, .initialized], [.initialized, .secured], [.secured, .cardLocked], [.cardLocked, .secured],
                                         [.opReady, .terminated], [.initialized, .terminated], [.secured, .terminated], [.cardLocked, .terminated]]
        for from in CardState.allCases {
            for to in CardState.allCases { #expect(from.allowsTransition(to: to) == allowed.contains([from, to]), "\(from) \(to)") }
        }
    }
}
