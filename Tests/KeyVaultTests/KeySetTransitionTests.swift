import KeyVaultAPI
import KeyVaultService
import Testing

@Suite struct KeySetTransitionTests {
    @Test func theWholeTable() {
        let legal: Set<[KeySetState]> = [
            [.pending, .pending], [.live, .live], [.retired, .retired], [.destroyed, .destroyed],
            [.pending, .live], [.pending, .retired], [.live, .retired], [.retired, .live], [.retired, .destroyed],
        ]
        for from in KeySetState.allCases {
            for to in KeySetState.allCases {
                #expect(KeySetTransition.isLegal(from: from, to: to, mayBeOnCard: true) == legal.contains([from, to]), "\(from) to \(to)")
                let fresh = legal.contains([from, to]) || [from, to] == [.pending, .destroyed]
                #expect(KeySetTransition.isLegal(from: from, to: to, mayBeOnCard: false) == fresh, "\(from) to \(to), never on a card")
            }
        }
    }

    @Test func issuerKeysNeverLeave() {
        for use in KeySetPolicy.Use.allCases {
            let allowed: Bool = switch use {
            case .openChannel, .verifyCryptogram, .verifyReport: true
            case .putOnCard, .export, .attest: false
            }
            #expect(KeySetPolicy.allows(use, purpose: .issuerSecurityDomain) == allowed)
            #expect(KeySetPolicy.allows(use, purpose: .supplementarySecurityDomain))
        }
    }

    @Test func destroyedIsGoodForNothing() {
        for use in KeySetPolicy.Use.allCases { #expect(!KeySetPolicy.allows(use, state: .destroyed)) }
        #expect(!KeySetPolicy.allows(.openChannel, state: .retired))
        #expect(KeySetPolicy.allows(.verifyCryptogram, state: .retired))
    }
}
