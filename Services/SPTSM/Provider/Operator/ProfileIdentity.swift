import GlobalPlatform
import TrustedServiceModel

/// What a SecureComponentProfile says of its component, in one spelling: two profiles with the same are one (TR-03165 3.3.1.2).
struct ProfileIdentity: Hashable, Sendable {
    private let type: Int
    private let texts: [String]
    private let javaCard: String
    private let features: [String: Set<String>]
    private let maps: [[String: String]]

    init(_ profile: SecureComponentProfile) {
        type = profile.scType
        texts = [profile.hardwarePlatform, profile.os, profile.osVersion].map(Self.plain)
        javaCard = Self.version(profile.javaCardVersion)
        features = Dictionary(profile.javaCardFeatures.map { (Self.plain($0.key), Set($0.value.map(Self.plain))) }, uniquingKeysWith: { $0.union($1) })
        maps = [profile.gpSpecVersions, profile.gpApiVersions].map { Self.map($0, Self.version) } + [profile.csp, profile.certifications].map { Self.map($0, Self.plain) }
    }

    /// Case and space say nothing.
    static func plain(_ text: String) -> String { text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ") }

    /// 3.0.5 and 3.00.5 are the same.
    private static func version(_ text: String) -> String {
        guard let number = try? VersionNumber(text) else { return plain(text) }
        var components = number.components
        while components.last == 0 { components.removeLast() }
        return components.map(String.init).joined(separator: ".")
    }

    private static func map(_ map: [String: String], _ value: (String) -> String) -> [String: String] {
        Dictionary(map.map { (plain($0.key), value($0.value)) }, uniquingKeysWith: { first, _ in first })
    }
}
