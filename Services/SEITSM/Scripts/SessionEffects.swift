import GlobalPlatform

/// What a session is known to have done, gathered over its reports.
struct SessionEffects: Codable, Sendable, Hashable {
    struct Reading: Codable, Sendable, Hashable {
        var aid: AID
        /// GET STATUS entries (E3); empty: not on the card.
        var entries: HexBytes
    }

    /// Domains that a GET STATUS under R-MAC shows.
    var made: [AID] = []
    /// Domains whose own first keys the card holds: it answered with their check values, or a domain made with its keys is there.
    var keyed: [AID] = []
    /// Domains whose deletion or absence an R-MAC covers.
    var deleted: [AID] = []
    /// Domains that are gone by the card's word alone: a bare status word, or a card without R-MAC.
    var reportedAbsent: [AID] = []
    var readings: [Reading] = []

    /// Whether what is said to be gone is so by more than the word of whoever relayed, as far as the component can prove it at all.
    func areProven(on component: Component) -> Bool {
        reportedAbsent.isEmpty || !component.secureChannel.hasResponseMAC
    }

    mutating func read(_ aid: AID, _ entries: [UInt8]) {
        readings.removeAll { $0.aid == aid }
        readings.append(Reading(aid: aid, entries: HexBytes(entries)))
    }

    mutating func gone(_ aid: AID, proven: Bool) {
        if proven {
            reportedAbsent.removeAll { $0 == aid }
            if !deleted.contains(aid) { deleted.append(aid) }
        } else if !deleted.contains(aid), !reportedAbsent.contains(aid) {
            reportedAbsent.append(aid)
        }
    }

    init() {}

    init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        made = try keys.decode([AID].self, forKey: .made)
        // Dialogs stored by an earlier version have none.
        keyed = try keys.decodeIfPresent([AID].self, forKey: .keyed) ?? []
        deleted = try keys.decode([AID].self, forKey: .deleted)
        reportedAbsent = try keys.decode([AID].self, forKey: .reportedAbsent)
        readings = try keys.decode([Reading].self, forKey: .readings)
    }
}
