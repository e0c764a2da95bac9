import ServiceKit

/// `spos:` of the handset plane: how results reach service providers' online services. All of it may be left out.
public struct SPOSConfiguration: Decodable, Sendable {
    /// Certificate that we come with; default: that of `issuers`.
    public var tls: TLSConfiguration?
    /// Addresses of SPOSes that are permitted although they are not reachable from anywhere: a testbed's loopback, a private network.
    var allowedAddresses: [AddressBlock]
    public var settings: OutboxSettings

    private enum CodingKeys: String, CodingKey {
        case tls, allowedAddresses, timeout, firstDelay, longestDelay, retryDays, deliveredDays, deadDays, parallel
    }

    public init() {
        allowedAddresses = []
        settings = OutboxSettings()
    }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        let usual = OutboxSettings()
        func seconds(_ key: CodingKeys, _ usual: Double) throws -> Double { try keys.decode(Seconds.self, forKey: key, default: Seconds(usual)).value }
        tls = try keys.decodeIfPresent(TLSConfiguration.self, forKey: .tls)
        allowedAddresses = try keys.decode([AddressBlock].self, forKey: .allowedAddresses, default: [])
        settings = OutboxSettings(
            timeout: try seconds(.timeout, usual.timeout), firstDelay: try seconds(.firstDelay, usual.firstDelay), longestDelay: try seconds(.longestDelay, usual.longestDelay),
            retryFor: try keys.decode(Double.self, forKey: .retryDays, default: usual.retryFor / 86_400) * 86_400,
            deliveredDays: try keys.decode(Int.self, forKey: .deliveredDays, default: usual.deliveredDays), deadDays: try keys.decode(Int.self, forKey: .deadDays, default: usual.deadDays),
            parallel: try keys.decode(Int.self, forKey: .parallel, default: usual.parallel))
    }

    /// - Throws: ``ConfigurationError``.
    func validate() throws {
        func require(_ holds: Bool, _ key: CodingKeys, _ reason: String) throws {
            guard holds else { throw ConfigurationError(.invalidValue, path: "spos.\(key.rawValue)", reason: reason) }
        }
        try require((0.1...300).contains(settings.timeout), .timeout, "must be 0.1 to 300 seconds")
        try require(settings.firstDelay >= 0.01, .firstDelay, "must be 0.01 seconds at least: without a pause an SPOS that is down would be called all the time")
        try require(settings.longestDelay >= settings.firstDelay, .longestDelay, "must not be shorter than firstDelay")
        try require(settings.retryFor > 0 && settings.retryFor.isFinite, .retryDays, "must be positive")
        try require(settings.deliveredDays >= 0, .deliveredDays, "must not be negative")
        try require(settings.deadDays > 0, .deadDays, "must be positive: dead letters are there to be seen")
        try require((1...256).contains(settings.parallel), .parallel, "must be 1 to 256")
    }
}
