/// Which Versions checkServiceDeploymentAvailable and checkServiceUpdateAvailable look at: `a.b.c`, `a.b.x`, `a.x.x` or `x.x.x`
/// (TR-03165 4.2.5.7, 4.2.5.8). `x` and `X` mean the same.
public struct VersionPattern: Sendable, Hashable {
    private let text: String
    private let components: [VersionComponent]

    /// - Parameters:
    ///   - attribute: the argument's name in the TR.
    ///   - request: the request's name in the TR, for the message.
    /// - Throws: `TSMFailure(.invalidArgument)`: invalid format, or a letter before a number.
    public init(_ text: String, attribute: String = "version", of request: String) throws(TSMFailure) {
        guard let components = VersionComponent.parse(text) else { throw TSMFailure(.invalidArgument, "\(attribute) in \(request) has invalid format") }
        guard let first = components.firstIndex(of: .any), components[first...].contains(where: { $0 != .any }) else {
            self.text = text
            self.components = components
            return
        }
        throw TSMFailure(.invalidArgument, "\(attribute) in \(request) uses an unsupported filter pattern")
    }

    /// Without letters only the tag written exactly so.
    public func matches(_ tag: String) -> Bool {
        guard let version = VersionTag(tag) else { return false }
        guard components.contains(.any) else { return tag == text }
        return zip(components, version.numbers).allSatisfy { component, number in component == .any || component == .number(number) }
    }

    /// The newest of the tags that match, by number.
    ///
    /// - Parameter than: only tags that are newer than this one.
    public func newest(of tags: some Sequence<String>, newer than: VersionTag? = nil) -> String? {
        var found: (tag: String, version: VersionTag)?
        for tag in tags where matches(tag) {
            guard let version = VersionTag(tag) else { continue }
            if let than, version <= than { continue }
            if let best = found, version <= best.version { continue }
            found = (tag, version)
        }
        return found?.tag
    }
}
