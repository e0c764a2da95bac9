/// One answer to GET STATUS: entries E3, and 6310 when there are more.
public struct GetStatusPage: Hashable, Sendable {
    public var entries: [RegistryEntry]
    public var hasMore: Bool

    public init(entries: [RegistryEntry], hasMore: Bool) {
        self.entries = entries
        self.hasMore = hasMore
    }

    /// 9000 and 6310 carry entries; 6A88 means that nothing matches; anything else is an error of kind data that says why.
    public init(parsing response: ResponseAPDU) throws(FormatError) {
        let structure = "GET STATUS response"
        switch response.statusWord {
        case .referencedDataNotFound:
            self.init(entries: [], hasMore: false)
        case .success, .moreDataAvailable:
            var entries: [RegistryEntry] = []
            for object in try TLV.read(response.data, structure, "entries") { entries.append(try RegistryEntry(parsing: object)) }
            self.init(entries: entries, hasMore: response.statusWord == .moreDataAvailable)
        default:
            throw FormatError(.data, structure, "status word", "\(response.statusWord): \(response.statusWord.explanation(ins: Instruction.getStatus))")
        }
    }

    public func entry(_ aid: AID) -> RegistryEntry? { entries.first { $0.aid == aid } }

    /// The entries in pages of at most `maximumLength` bytes of response data, none of them split.
    public static func pages(_ entries: [TLV], maximumLength: Int) -> [[UInt8]] { pages(entries.map(\.bytes), maximumLength: maximumLength) }

    /// Likewise of entries in any form.
    public static func pages(_ entries: [[UInt8]], maximumLength: Int) -> [[UInt8]] {
        var pages: [[UInt8]] = []
        var page: [UInt8] = []
        for entry in entries {
            if !page.isEmpty && page.count + entry.count > maximumLength {
                pages.append(page)
                page = []
            }
            page += entry
        }
        if !page.isEmpty { pages.append(page) }
        return pages
    }
}
