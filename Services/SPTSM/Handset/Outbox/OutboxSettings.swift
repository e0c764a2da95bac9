/// Times (seconds) and limits of the delivery of results to service providers' online services.
public struct OutboxSettings: Sendable, Hashable {
    /// For one delivery, from the wait for a connection to the end of the answer.
    public var timeout: Double
    /// Pause after the first failure; it doubles with each further one.
    public var firstDelay: Double
    /// No pause is longer, whatever a SPOS asks for.
    public var longestDelay: Double
    /// How long a result is tried before it is a dead letter.
    public var retryFor: Double
    /// How long accepted results are kept, in days.
    public var deliveredDays: Int
    /// How long dead letters are kept, in days.
    public var deadDays: Int
    /// Deliveries under way at a time, for one Service.
    public var parallel: Int
    /// Services of one service provider that are served at a time.
    public var servicesPerProvider: Int
    /// Failed eligibility checks of one Service that may wait: every handset can make as many as it likes, processes it cannot.
    public var maximumWaitingChecks: Int

    public init(timeout: Double = 10, firstDelay: Double = 1, longestDelay: Double = 900, retryFor: Double = 7 * 86_400, deliveredDays: Int = 7, deadDays: Int = 90,
                parallel: Int = 16, servicesPerProvider: Int = 8, maximumWaitingChecks: Int = 1000) {
        self.timeout = timeout
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
        self.retryFor = retryFor
        self.deliveredDays = deliveredDays
        self.deadDays = deadDays
        self.parallel = parallel
        self.servicesPerProvider = servicesPerProvider
        self.maximumWaitingChecks = maximumWaitingChecks
    }

    /// A delivery that was begun is left alone for so long, also by a successor of this process: whatever the SPOS still does with it is over by then.
    var lease: Double { timeout + 5 }
}
