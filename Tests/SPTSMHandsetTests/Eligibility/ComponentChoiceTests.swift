@testable import SPTSMHandset
import Testing
import TrustedServiceModel

@Suite("which of several eligible components is chosen")
struct ComponentChoiceTests {
    private static func component(_ kind: SERAM.SecureElementType, _ id: String, _ profile: String = "p") -> ComponentChoice.Eligible {
        ComponentChoice.Eligible(kind: kind, profileId: profile, id: id)
    }

    static let table: [([ComponentChoice.Eligible], String)] = [
        ([component(.uicc, "i/1")], "i/1"),
        ([component(.uicc, "i/1"), component(.eSE, "i/2")], "i/2"),
        ([component(.undefined, "i/1", "a"), component(.uicc, "i/2", "b"), component(.euicc, "i/3", "c")], "i/3"),
        ([component(.euicc, "i/1"), component(.ieuicc, "i/2")], "i/2"),
        ([component(.ieuicc, "i/1"), component(.iSE, "i/2")], "i/2"),
        ([component(.iSE, "i/1"), component(.eSE, "i/2")], "i/2"),
        // The same kind: the profile, then the component.
        ([component(.eSE, "i/1", "b"), component(.eSE, "i/2", "a")], "i/2"),
        ([component(.eSE, "i/2", "a"), component(.eSE, "i/1", "a")], "i/1"),
        ([component(.uicc, "issuer-2/01", "a"), component(.uicc, "issuer-1/02", "a")], "issuer-1/02"),
        ([], ""),
    ]

    @Test("by kind, profile, component", arguments: table)
    func rule(components: [ComponentChoice.Eligible], expected: String) {
        #expect((ComponentChoice.ordered(components).first?.id ?? "") == expected)
    }

    @Test("the same components give the same choice in whatever order they come")
    func permutations() {
        let kinds: [SERAM.SecureElementType] = [.eSE, .iSE, .uicc, .euicc, .ieuicc, .undefined]
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let components = (0..<Int.random(in: 1...8, using: &generator)).map {
                Self.component(kinds.randomElement(using: &generator) ?? .eSE, "issuer-\(Int.random(in: 1...2, using: &generator))/\($0)", ["a", "b", "c"].randomElement(using: &generator) ?? "a")
            }
            let ordered = ComponentChoice.ordered(components)
            for _ in 0..<5 { #expect(ComponentChoice.ordered(components.shuffled(using: &generator)) == ordered) }
            #expect(Set(ordered) == Set(components))
        }
    }
}
