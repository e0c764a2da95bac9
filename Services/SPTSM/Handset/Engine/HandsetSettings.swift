/// Times and limits of the handset plane. Seconds.
public struct HandsetSettings: Sendable, Hashable {
    /// A process ends with category 6 when its handset was silent for this long.
    public var lease: Double
    /// How long a proof of card holds for a device key.
    public var proofOfCard: Double
    /// Components in one handshake.
    public var maximumComponents: Int

    public init(lease: Double = 60, proofOfCard: Double = 3600, maximumComponents: Int = 8) {
        self.lease = lease
        self.proofOfCard = proofOfCard
        self.maximumComponents = maximumComponents
    }
}
