/// Who may reach the application after activation (TR-03165 4.1.4.14).
public struct ActivationConfig: Codable, Sendable, Hashable {
    public var makeSelectable: Bool
    /// Only with `makeSelectable`.
    public var accessibleViaApdu: Bool
    /// Only with `makeSelectable`.
    public var accessibleViaNfc: Bool

    public init(makeSelectable: Bool = true, accessibleViaApdu: Bool = false, accessibleViaNfc: Bool = false) {
        self.makeSelectable = makeSelectable
        self.accessibleViaApdu = accessibleViaApdu
        self.accessibleViaNfc = accessibleViaNfc
    }
}
