/// Whether a vault can use its keys, and what it lacks.
public struct SealStatus: Codable, Sendable, Hashable {
    public enum RootKeyPlace: String, Codable, Sendable { case file, shares, token, memory }

    public var sealed: Bool
    /// Why; nil when it is not sealed.
    public var reason: String?
    public var rootKey: RootKeyPlace
    /// Shares that are needed, where the root key is shared, and shares that have been given.
    public var threshold: Int?
    public var given: Int?
    /// Generation of the data key that rows are sealed under; nil while sealed.
    public var generation: Int?
    /// While the root key is being changed: rows that are still sealed under the data key before.
    public var remaining: Int?
    /// Why the change of the root key does not go on.
    public var rotationFailure: String?

    public init(sealed: Bool, reason: String?, rootKey: RootKeyPlace, threshold: Int?, given: Int?, generation: Int?, remaining: Int?, rotationFailure: String? = nil) {
        self.sealed = sealed
        self.reason = reason
        self.rootKey = rootKey
        self.threshold = threshold
        self.given = given
        self.generation = generation
        self.remaining = remaining
        self.rotationFailure = rotationFailure
    }
}

/// A custodian gives a share: to open the vault, or, with `rotation` and the vault open, to make the key of this set its new root key.
public struct GiveShareRequest: Codable, Sendable {
    public enum Purpose: String, Codable, Sendable { case unseal, rotation }
    public var purpose: Purpose
    /// As `RootKeyShare.text()` has it.
    public var share: String

    public init(purpose: Purpose, share: String) {
        self.purpose = purpose
        self.share = share
    }
}
