import GlobalPlatform
import TrustedServiceModel

/// The AID prefixes of one service provider: packages, modules and instances of its own lie under one of them, so that no provider
/// can take another's names on a card.
struct AIDTenancy: Sendable, Hashable {
    /// In the order of assignment.
    var prefixes: [HexBytes]

    func check(_ aid: AID, attribute: String) throws(GeneralError) {
        guard !prefixes.contains(where: { aid.hasPrefix($0.bytes) }) else { return }
        let assigned = prefixes.isEmpty ? "none is" : prefixes.map(\.description).joined(separator: ", ") + (prefixes.count == 1 ? " is" : " are")
        throw .invalidFormat(aid.description, for: attribute, supported: "an AID under a prefix assigned to the ServiceProvider (\(assigned) assigned)")
    }

    /// The AID of a Service's security domain: first prefix, D0, and four bytes counted up.
    /// - Throws: internalError when no prefix is assigned or the prefix leaves no room.
    func securityDomain(number: Int) throws(GeneralError) -> AID {
        guard let prefix = prefixes.first, let number = UInt32(exactly: number) else { throw .internalError("no AID prefix is assigned to this ServiceProvider; ask the TSM operator") }
        let suffix = [0xD0] + (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
        guard let aid = try? AID(prefix.bytes + suffix) else { throw .internalError("the AID prefix of this ServiceProvider leaves no room for a security domain; ask the TSM operator") }
        return aid
    }
}
